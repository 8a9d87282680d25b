/** Something may have changed; who waits for that looks again, and at the latest after a while. */
export class Wakes {
  readonly #atLatestMs: number;
  #waiting: (() => void)[] = [];
  #count = 0;

  constructor(atLatestMs: number) {
    this.#atLatestMs = atLatestMs;
  }

  /** Grows with each wake. */
  get count(): number {
    return this.#count;
  }

  wake(): void {
    this.#count += 1;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** @param seen the count before it was looked: what has come since then counts */
  async after(seen: number): Promise<void> {
    if (this.#count !== seen) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((each) => each !== goOn);
        resolve();
      }, this.#atLatestMs);
      const goOn = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push(goOn);
    });
  }
}
