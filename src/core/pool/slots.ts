/**
 * Slot numbers, from 1; the lowest free one is taken first. Free slots below the highest ever taken lie in a binary
 * heap, so a pool of thousands pays a logarithm for each start, not a scan.
 *
 * There is no upper bound to keep, and so nothing to do on a resize: a caller with fewer than `n` slots taken gets one
 * of 1..n, for not all of those can be taken.
 */
export class Slots {
  readonly #free: number[] = [];
  #highest = 0;

  /** @returns the lowest free slot, now taken */
  take(): number {
    const lowest = this.#free[0];
    if (lowest === undefined) {
      this.#highest += 1;
      return this.#highest;
    }
    const last = this.#free.pop() as number;
    if (this.#free.length > 0) this.#sinkFromTop(last);
    return lowest;
  }

  /** @param slot one that was taken and is free again */
  give(slot: number): void {
    let at = this.#free.length;
    this.#free.push(slot);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent) <= slot) break;
      this.#free[at] = this.#at(parent);
      at = parent;
    }
    this.#free[at] = slot;
  }

  #sinkFromTop(slot: number): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(child) >= slot) break;
      this.#free[at] = this.#at(child);
      at = child;
    }
    this.#free[at] = slot;
  }

  #at(index: number): number {
    return this.#free[index] ?? Number.POSITIVE_INFINITY;
  }
}
