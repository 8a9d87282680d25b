import { getHeapStatistics } from 'node:v8';

const QUIET_MS = 2_000;
/** What a small request leaves can wait: somebody asks every minute. */
const MIN_INTERVAL_MS = 30_000;
const MUCH_BYTES = 2 * 1024 ** 2;

/** With what was read, which lies outside of the engine's heap. */
const usedBytes = (): number => {
  const { used_heap_size: inside, external_memory: outside } = getHeapStatistics();
  return inside + outside;
};

/**
 * Gives back memory once a burst of work is over: what it has left would otherwise stay until much more has come, which
 * in a program that mostly sleeps may be never. Does nothing unless Node was started with --expose-gc.
 */
export class IdleCollector {
  #timer: NodeJS.Timeout | undefined;
  #notedAtMs = 0;
  #collectedAtMs = Number.NEGATIVE_INFINITY;
  #usedBytes = 0;

  /** Something is being done, or was done. */
  note(): void {
    this.#notedAtMs = performance.now();
    if (this.#timer === undefined) this.#lookIn(QUIET_MS);
  }

  #lookIn(afterMs: number): void {
    this.#timer = setTimeout(() => this.#look(), afterMs).unref();
  }

  /** Whoever asks again and again makes no more garbage than is collected anyway. */
  #look(): void {
    const nowMs = performance.now();
    const isMuch = usedBytes() - this.#usedBytes > MUCH_BYTES;
    const dueMs = Math.max(this.#notedAtMs + QUIET_MS, isMuch ? 0 : this.#collectedAtMs + MIN_INTERVAL_MS);
    if (dueMs > nowMs) {
      this.#lookIn(dueMs - nowMs);
      return;
    }
    this.#timer = undefined;
    globalThis.gc?.();
    this.#collectedAtMs = performance.now();
    this.#usedBytes = usedBytes();
  }
}
