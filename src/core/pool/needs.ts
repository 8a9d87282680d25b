import type { FailedNeed, SkipCause, TaskEnd } from './outcome.ts';
import type { Rank } from './ready-queue.ts';
import type { TaskSpec } from './task.ts';

/** A task that waits for others to succeed. */
export interface Needy {
  readonly task: TaskSpec;
  readonly rank: Rank;
}

interface Held extends Needy {
  /** Needs that have not succeeded yet. */
  missing: number;
}

/** What becomes of tasks whose need has just settled. */
export interface Released {
  /** All that these need has succeeded. */
  readonly ready: readonly Needy[];
  /** These will never start. */
  readonly skipped: readonly { readonly task: TaskSpec; readonly cause: SkipCause }[];
}

const NOBODY: Released = { ready: [], skipped: [] };

/** What is kept of a settled task: one of these in a byte. */
const ENDS: readonly (TaskEnd | undefined)[] = [undefined, 'succeeded', 'failed', 'timedOut', 'cancelled', 'skipped'];
const BYTES: Readonly<Record<TaskEnd, number>> = { succeeded: 1, failed: 2, timedOut: 3, cancelled: 4, skipped: 5 };

/**
 * Who waits for whom.
 *
 * Of a task that has settled only its end stays, a byte: with NDJSON a later task may still need it. Of one that waits,
 * its own record and an entry for each need.
 */
export class Needs {
  /** By `seq`; 0: not settled. */
  #ends = new Uint8Array(256);
  /** In the order of the input. */
  readonly #held = new Map<number, Held>();
  readonly #dependants = new Map<number, Held[]>();

  /** Tasks that wait. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Looks at what a new task needs.
   *
   * @returns `ready`: nothing is missing; `held`: it will come out of `settled`; or why it will never start
   */
  add(task: TaskSpec, rank: Rank): 'ready' | 'held' | SkipCause {
    const missing: number[] = [];
    for (const { seq, id } of task.needs ?? []) {
      const end = ENDS[this.#ends[seq] ?? 0];
      if (end === undefined) missing.push(seq);
      else if (end !== 'succeeded') return { need: { id, end }, root: { id, end } };
    }
    if (missing.length === 0) return 'ready';
    const held: Held = { task, rank, missing: missing.length };
    this.#held.set(task.seq, held);
    for (const seq of missing) {
      const others = this.#dependants.get(seq);
      if (others === undefined) this.#dependants.set(seq, [held]);
      else others.push(held);
    }
    return 'held';
  }

  /** Notes the end of a task; whoever is released by it is no longer held. */
  settled({ seq, id }: TaskSpec, end: TaskEnd): Released {
    this.#note(seq, end);
    if (this.#held.size === 0) return NOBODY;
    if (end === 'succeeded') return { ready: this.#fulfil(seq), skipped: [] };
    return { ready: [], skipped: this.#skipDependants(seq, { id, end }) };
  }

  /** Gives up on all that wait. */
  takeAll(): readonly Needy[] {
    if (this.#held.size === 0) return [];
    const all = [...this.#held.values()];
    this.#held.clear();
    this.#dependants.clear();
    return all;
  }

  #fulfil(seq: number): Needy[] {
    const ready: Needy[] = [];
    for (const held of this.#takeDependants(seq)) {
      held.missing -= 1;
      if (held.missing > 0 || !this.#held.delete(held.task.seq)) continue;
      ready.push(held);
    }
    return ready;
  }

  /** All that need it, and all that need those, each once. */
  #skipDependants(seq: number, root: FailedNeed): Released['skipped'] {
    const skipped: { task: TaskSpec; cause: SkipCause }[] = [];
    const lost: { seq: number; need: FailedNeed }[] = [{ seq, need: root }];
    for (const { seq: needed, need } of lost) {
      for (const { task } of this.#takeDependants(needed)) {
        if (!this.#held.delete(task.seq)) continue;
        this.#note(task.seq, 'skipped');
        skipped.push({ task, cause: { need, root } });
        lost.push({ seq: task.seq, need: { id: task.id, end: 'skipped' } });
      }
    }
    return skipped;
  }

  #takeDependants(seq: number): readonly Held[] {
    const dependants = this.#dependants.get(seq) ?? [];
    this.#dependants.delete(seq);
    return dependants;
  }

  #note(seq: number, end: TaskEnd): void {
    if (seq >= this.#ends.length) {
      const grown = new Uint8Array(Math.max(seq + 1, 2 * this.#ends.length));
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ends[seq] = BYTES[end];
  }
}
