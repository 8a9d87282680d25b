const QUIET_MS = 2_000;

/**
 * Gives back memory once a burst of work is over: what it has left would otherwise stay until much more has come, which
 * in a program that mostly sleeps may be never. Does nothing unless Node was started with --expose-gc.
 */
export class IdleCollector {
  #timer: NodeJS.Timeout | undefined;

  /** Something was done. */
  note(): void {
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#collect(), QUIET_MS).unref();
    else this.#timer.refresh();
  }

  #collect(): void {
    this.#timer = undefined;
    globalThis.gc?.();
  }
}
