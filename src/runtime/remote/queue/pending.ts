import { type WaitLimits, watchLimits } from '../../broker/limits.ts';

/** Somebody who waits for something that Redis has to say. */
export class Pending<T> {
  readonly promise: Promise<T>;
  /** It is settled, or has been given up. */
  isOver = false;
  /** It cannot be given up just now: what is on its way decides. */
  #isHeld = false;
  #givenUp: { readonly reason: unknown } | undefined;
  readonly #unwatch: () => void;
  #resolve!: (value: T) => void;
  #reject!: (reason: unknown) => void;

  /**
   * @param onTimeUp what it is rejected with when its time is up
   * @param onOver it was given up
   */
  constructor(limits: WaitLimits, onTimeUp: () => unknown, onOver: () => void) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (limits.signal?.aborted === true) {
      this.#unwatch = () => {};
      this.isOver = true;
      this.#reject(limits.signal.reason);
      return;
    }
    this.#unwatch = watchLimits(limits, (aborted) => {
      const reason = aborted === undefined ? onTimeUp() : aborted.aborted;
      if (this.#isHeld) this.#givenUp = { reason };
      else {
        this.reject(reason);
        onOver();
      }
    });
  }

  hold(): void {
    this.#isHeld = true;
  }

  /** What was on its way has decided nothing. @returns whether it still waits */
  release(): boolean {
    this.#isHeld = false;
    if (this.#givenUp !== undefined) this.reject(this.#givenUp.reason);
    return !this.isOver;
  }

  resolve(value: T): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#unwatch();
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#unwatch();
    this.#reject(reason);
  }
}
