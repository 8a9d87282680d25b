/** Cells of settled items are given back once there are this many, and at least half of all are. */
const COMPACT_FROM = 1024;

/** First in, first out. Taking moves a head index: `Array.prototype.shift` would copy a long list for every item. */
export class Fifo<T> {
  #cells: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#cells.length - this.#head;
  }

  put(item: T): void {
    this.#cells.push(item);
  }

  /** @returns the oldest item, no longer held; undefined when there is none */
  take(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#cells[this.#head];
    this.#cells[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#cells.length) {
      this.#cells = this.#cells.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
