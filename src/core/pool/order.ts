import { Fifo } from './fifo.ts';

/** Numbers from `first` to `last`, both included. */
interface Gap {
  readonly first: number;
  last: number;
}

/**
 * Puts what comes in any order into the order of its numbers 1, 2, 3 …; holds only what an earlier one holds up.
 * Numbers for which nothing will come are skipped; a million of them in a row take no more room than one.
 */
export class InOrder<T> {
  readonly #held = new Map<number, T>();
  readonly #gaps = new Fifo<Gap>();
  /** Those that were skipped after a larger number. */
  readonly #skippedLate = new Set<number>();
  #lastGap: Gap = { first: 0, last: 0 };
  #nextGap: Gap | undefined;
  #next = 1;

  /** How many items wait for an earlier one. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** The number whose turn it is: everything before it has gone out. */
  get next(): number {
    return this.#next;
  }

  /**
   * @param seq the item's number, from 1; each is added, or skipped, exactly once
   * @returns what can go out now, in order; often nothing
   * @throws Error when `seq` was added before: it would be lost or hold up the rest for good
   */
  add(seq: number, item: T): T[] {
    if (seq < this.#next || this.#held.has(seq)) throw new Error(`item ${seq} was added before`);
    this.#held.set(seq, item);
    return this.#release();
  }

  /**
   * Nothing will come with this number.
   *
   * @returns what can go out now, in order
   * @throws Error when `seq` was added before
   */
  skip(seq: number): T[] {
    if (seq < this.#next || this.#held.has(seq)) throw new Error(`item ${seq} was added before`);
    if (seq <= this.#lastGap.last) {
      this.#skippedLate.add(seq);
    } else if (seq === this.#lastGap.last + 1 && this.#lastGap.last >= this.#next) {
      this.#lastGap.last = seq;
    } else {
      this.#lastGap = { first: seq, last: seq };
      this.#gaps.put(this.#lastGap);
    }
    return this.#release();
  }

  #release(): T[] {
    const released: T[] = [];
    for (;;) {
      this.#nextGap ??= this.#gaps.take();
      if (this.#nextGap?.first === this.#next) {
        this.#next = this.#nextGap.last + 1;
        this.#nextGap = undefined;
        continue;
      }
      if (this.#skippedLate.delete(this.#next)) {
        this.#next += 1;
        continue;
      }
      if (!this.#held.has(this.#next)) return released;
      released.push(this.#held.get(this.#next) as T);
      this.#held.delete(this.#next);
      this.#next += 1;
    }
  }
}
