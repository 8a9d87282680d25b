/** Puts what comes in any order into the order of its numbers 1, 2, 3 …; holds only what an earlier one holds up. */
export class InOrder<T> {
  readonly #held = new Map<number, T>();
  #next = 1;

  /** How many items wait for an earlier one. */
  get heldCount(): number {
    return this.#held.size;
  }

  /**
   * @param seq the item's number, from 1; each is added exactly once
   * @returns what can go out now, in order; often nothing
   * @throws Error when `seq` was added before: it would be lost or hold up the rest for good
   */
  add(seq: number, item: T): T[] {
    if (seq < this.#next || this.#held.has(seq)) throw new Error(`item ${seq} was added before`);
    this.#held.set(seq, item);
    const released: T[] = [];
    while (this.#held.has(this.#next)) {
      released.push(this.#held.get(this.#next) as T);
      this.#held.delete(this.#next);
      this.#next += 1;
    }
    return released;
  }
}
