/** Gathers what comes up while the event loop goes round once, so that Redis is asked once for many. */
export class Gathered<T> {
  readonly #take: (items: readonly T[]) => void;
  readonly #most: number;
  #items: T[] = [];

  /**
   * @param most at a time
   * @param take is given them in their order; must not throw
   */
  constructor(most: number, take: (items: readonly T[]) => void) {
    this.#most = most;
    this.#take = take;
  }

  add(item: T): void {
    this.#items.push(item);
    // Answers to what was asked at once come at once: they are all here before the loop gets to its immediates.
    if (this.#items.length === 1) setImmediate(() => this.flush());
  }

  /** Now, what there is. */
  flush(): void {
    const items = this.#items;
    this.#items = [];
    for (let at = 0; at < items.length; at += this.#most) this.#take(items.slice(at, at + this.#most));
  }
}
