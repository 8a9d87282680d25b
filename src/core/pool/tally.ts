import { move, type TaskEventTag, type TaskStateTag } from './moves.ts';

/** How many tasks are in each state. */
export class Tally {
  readonly #counts: Record<TaskStateTag, number> = {
    ready: 0,
    running: 0,
    waiting: 0,
    succeeded: 0,
    failed: 0,
    timedOut: 0,
    cancelled: 0,
    skipped: 0,
  };

  get counts(): Readonly<Record<TaskStateTag, number>> {
    return this.#counts;
  }

  /** Tasks that have not come to their end. */
  get unsettled(): number {
    const { ready, running, waiting } = this.#counts;
    return ready + running + waiting;
  }

  /** Tasks begin in this state. */
  begin(state: 'ready' | 'waiting', tasks = 1): void {
    this.#counts[state] += tasks;
  }

  /** @throws Error when there is no such move: a mistake in the machine, never one of the user */
  move(from: TaskStateTag, event: TaskEventTag, to: TaskStateTag): void {
    this.#counts[move(from, event, to)] += 1;
    this.#counts[from] -= 1;
  }
}
