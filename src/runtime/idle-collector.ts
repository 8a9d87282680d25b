const QUIET_MS = 2_000;
/** Somebody who asks again and again makes no more garbage than is collected anyway. */
const MIN_INTERVAL_MS = 30_000;

/**
 * Gives back memory once a burst of work is over: what it has left would otherwise stay until much more has come, which
 * in a program that mostly sleeps may be never. Does nothing unless Node was started with --expose-gc.
 */
export class IdleCollector {
  #timer: NodeJS.Timeout | undefined;
  #collectedAtMs = Number.NEGATIVE_INFINITY;

  /** Something was done. */
  note(): void {
    if (this.#timer !== undefined) return;
    const sinceMs = performance.now() - this.#collectedAtMs;
    this.#timer = setTimeout(() => this.#collect(), Math.max(QUIET_MS, MIN_INTERVAL_MS - sinceMs)).unref();
  }

  #collect(): void {
    this.#timer = undefined;
    this.#collectedAtMs = performance.now();
    globalThis.gc?.();
  }
}
