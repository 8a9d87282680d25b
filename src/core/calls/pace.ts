/** A message worth this much work hides what it costs to send one, and is short enough to wait behind. */
export const MESSAGE_MS = 2;
/** A call of this length is sent alone, and to nobody who is busy. */
export const LONG_MS = 1;
/** Up to this length a call may be sent ahead to somebody who is busy, as long as more wait than there are workers. */
export const AHEAD_MS = 50;
/** From one message to the next it is at most this many times as many calls: the first ones are slow, and say little. */
const GROWTH = 16;
export const MAX_BATCH = 32_768;

/**
 * How long the calls of one function take, as far as is known, and so how many of them make a message.
 *
 * A rise is believed at once, a fall by halves: a message that is too small costs microseconds, one that is too large lets
 * calls wait that another worker could do.
 */
export class Pace {
  readonly #messageMs: number;
  #msPerCall: number | undefined;
  #largest = 1;

  /** @param messageMs how much work a message should be worth; half as much is long for one call */
  constructor(messageMs = MESSAGE_MS) {
    this.#messageMs = messageMs;
  }

  /** Undefined before anything is known. */
  get msPerCall(): number | undefined {
    return this.#msPerCall;
  }

  /** Whether one must not wait behind another; also while nothing is known. */
  get isLong(): boolean {
    return this.#msPerCall === undefined || this.#msPerCall >= (LONG_MS / MESSAGE_MS) * this.#messageMs;
  }

  /** Whether a worker may have the next one while it is at one: it is not idle for the time of a message then. */
  get isSentAhead(): boolean {
    return this.#msPerCall !== undefined && this.#msPerCall < AHEAD_MS;
  }

  /** How many calls a message should hold, at least 1. */
  get batch(): number {
    if (this.#msPerCall === undefined || this.isLong) return 1;
    const worth = Math.floor(this.#messageMs / Math.max(this.#msPerCall, this.#messageMs / MAX_BATCH));
    return Math.max(1, Math.min(worth, this.#largest * GROWTH, MAX_BATCH));
  }

  /** @param calls at least 1 @param elapsedMs what they took together */
  learn(calls: number, elapsedMs: number): void {
    const seen = elapsedMs / calls;
    const known = this.#msPerCall;
    this.#msPerCall = known === undefined || seen > known ? seen : (known + seen) / 2;
    this.#largest = Math.max(this.#largest, calls);
  }
}
