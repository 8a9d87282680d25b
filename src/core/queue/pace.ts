/** A consumer is sent ahead what it takes within this time, ms: that is how long an item may wait for one that is busy. */
const HORIZON_MS = 4;
const MOST = 4096;

/** How many items a consumer should be sent ahead, by how fast it has taken them. It begins with none. */
export class Pace {
  #target = 0;
  #beganAt = 0;
  #taken = 0;

  get target(): number {
    return this.#target;
  }

  /** How many it takes within 1/64 of that time, some 60 µs. */
  get soon(): number {
    return this.#target >> 6;
  }

  /** There is something to take, ms on any clock. */
  begin(at: number): void {
    this.#beganAt = at;
    this.#taken = 0;
  }

  take(): void {
    this.#taken += 1;
  }

  /** It has taken what it could, or is to be sent more: from now on a new measurement. */
  measure(at: number): void {
    if (this.#taken === 0) return;
    const perItem = (at - this.#beganAt) / this.#taken;
    // Slower at once, faster by and by: a single quick item says little.
    this.#target = Math.min(Math.floor(HORIZON_MS / perItem), this.#target * 2 + 1, MOST);
    this.begin(at);
  }

  reset(): void {
    this.#target = 0;
    this.#taken = 0;
  }
}
