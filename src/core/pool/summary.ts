import type { AttemptError, AttemptOutcome, TaskEnd } from './outcome.ts';

/** How many of the slowest tasks a summary names. */
const MAX_SLOWEST = 5;
/** How many of the failed ones; of the others it says how many there are. */
const MAX_FAILED = 10;

/** A settled task that was started, as a summary knows it. */
export interface SummedTask {
  readonly id: string;
  readonly name: string;
  readonly end: TaskEnd;
  readonly attempts: number;
  /** Of the last attempt, ms. */
  readonly durationMs: number;
  readonly outcome: AttemptOutcome | AttemptError | undefined;
  /** The last lines of its standard error, oldest first. */
  readonly lastLines: readonly string[];
}

/** What a pool tells of itself at its end. */
export interface PoolSummary {
  readonly attempts: number;
  /** Of all attempts together, ms. */
  readonly taskMs: number;
  /** Attempts at work at the same time. */
  readonly mostAtWork: number;
  /** The slowest first. */
  readonly slowest: readonly SummedTask[];
  /** Failed or timed out, in the order of their ends. */
  readonly failed: readonly SummedTask[];
  readonly failedCount: number;
}

/** Sums up the tasks of a pool as they come, however many: only what will be told is kept. */
export class SummaryTally {
  #attempts = 0;
  #taskMs = 0;
  #atWork = 0;
  #mostAtWork = 0;
  #slowest: SummedTask[] = [];
  readonly #failed: SummedTask[] = [];
  #failedCount = 0;

  begun(): void {
    this.#attempts += 1;
    this.#atWork += 1;
    this.#mostAtWork = Math.max(this.#mostAtWork, this.#atWork);
  }

  /** @param durationMs of the attempt */
  ended(durationMs: number): void {
    this.#atWork -= 1;
    this.#taskMs += durationMs;
  }

  settled(task: SummedTask): void {
    const slowest = [...this.#slowest, task].sort((a, b) => b.durationMs - a.durationMs);
    this.#slowest = slowest.slice(0, MAX_SLOWEST);
    if (task.end !== 'failed' && task.end !== 'timedOut') return;
    this.#failedCount += 1;
    if (this.#failed.length < MAX_FAILED) this.#failed.push(task);
  }

  get summary(): PoolSummary {
    return {
      attempts: this.#attempts,
      taskMs: this.#taskMs,
      mostAtWork: this.#mostAtWork,
      slowest: this.#slowest,
      failed: this.#failed,
      failedCount: this.#failedCount,
    };
  }
}
