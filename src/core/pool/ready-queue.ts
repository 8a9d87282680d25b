import { Fifo } from './fifo.ts';
import { Heap } from './heap.ts';
import type { Ready } from './moves.ts';
import type { TaskSpec } from './task.ts';

/** What decides when a task starts that has not been tried, besides its priority. */
export interface Rank {
  /** The longest chain of tasks that begins with this one, itself included; see `critical-path.ts`. */
  readonly path: number;
  /** The place in the input. */
  readonly order: number;
}

interface Ranked extends Rank {
  readonly task: TaskSpec;
  readonly priority: number;
}

/** Higher priority first, then the longer path, then the input. */
const goesBefore = (one: Ranked, other: Ranked): boolean => {
  if (one.priority !== other.priority) return one.priority > other.priority;
  if (one.path !== other.path) return one.path > other.path;
  return one.order < other.order;
};

/**
 * Tasks that wait for a slot: those to be tried again first, in the order they became due, then the fresh ones.
 *
 * Most lists have no ranks: their tasks go through a plain queue. Once there are ranks, all go through a heap.
 */
export class ReadyQueue {
  readonly #again = new Fifo<Ready>();
  readonly #plain = new Fifo<TaskSpec>();
  #ranked: Heap<Ranked> | undefined;

  get isRanked(): boolean {
    return this.#ranked !== undefined;
  }

  /** From here on all tasks need a rank, also as long as those with one are held back elsewhere. */
  beginRanking(): void {
    this.#ranked ??= this.#rankPlain();
  }

  /** Puts a task that has not been tried; without ranks the order is that of the calls. */
  put(task: TaskSpec): void {
    this.#plain.put(task);
  }

  putRanked(task: TaskSpec, { path, order }: Rank): void {
    this.beginRanking();
    this.#ranked?.put({ task, priority: task.priority ?? 0, path, order });
  }

  /** Puts a task that is to be tried again. */
  putAgain(ready: Ready): void {
    this.#again.put(ready);
  }

  take(): Ready | undefined {
    const again = this.#again.take();
    if (again !== undefined) return again;
    const task = this.#ranked === undefined ? this.#plain.take() : this.#ranked.take()?.task;
    return task === undefined ? undefined : { tag: 'ready', task, lastTry: null };
  }

  /** What came before the first rank: in front of all that comes later, as far as nothing else decides. */
  #rankPlain(): Heap<Ranked> {
    const heap = new Heap<Ranked>(goesBefore);
    const count = this.#plain.size;
    for (let at = 0; at < count; at++) {
      heap.put({ task: this.#plain.take() as TaskSpec, priority: 0, path: 1, order: at - count });
    }
    return heap;
  }
}
