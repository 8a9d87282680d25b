import { ProcctlError, TimeoutError } from '../errors.ts';
import { parseTimeoutMs, type WaitOptions } from './options.ts';

/** The result of a call that may not be there yet: what `applyAsync` returns. It can be awaited like a promise. */
export class AsyncResult<T> implements PromiseLike<T> {
  readonly #promise: Promise<T>;
  #state: 'pending' | 'fulfilled' | 'rejected' = 'pending';

  constructor(promise: Promise<T>) {
    this.#promise = promise;
    promise.then(
      () => {
        this.#state = 'fulfilled';
      },
      () => {
        this.#state = 'rejected';
      },
    );
  }

  /**
   * The result, or what was thrown.
   *
   * @throws TimeoutError when it is not there in time; the call goes on
   */
  async get(options: WaitOptions = {}): Promise<T> {
    options.signal?.throwIfAborted();
    if (await this.wait(options)) return this.#promise;
    options.signal?.throwIfAborted();
    throw new TimeoutError(`no result within ${options.timeoutMs} ms`);
  }

  /** @returns whether there is a result, of whatever kind; false when time ran out or `signal` was aborted */
  wait({ timeoutMs, signal }: WaitOptions = {}): Promise<boolean> {
    const limitMs = parseTimeoutMs(timeoutMs);
    if (this.#state !== 'pending') return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (isReady: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve(isReady);
      };
      const onAbort = (): void => settle(false);
      const timer = limitMs === undefined ? undefined : setTimeout(() => settle(false), limitMs);
      if (signal?.aborted) settle(false);
      signal?.addEventListener('abort', onAbort, { once: true });
      const onSettled = (): void => settle(true);
      this.#promise.then(onSettled, onSettled);
    });
  }

  /** Whether there is a result, of whatever kind. */
  ready(): boolean {
    return this.#state !== 'pending';
  }

  /** Whether the call has returned and not thrown. @throws ProcctlError ERR_STATE while there is no result */
  successful(): boolean {
    if (this.#state === 'pending') throw new ProcctlError('ERR_STATE', 'there is no result yet');
    return this.#state === 'fulfilled';
  }

  // biome-ignore lint/suspicious/noThenProperty: to be awaited
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onFulfilled, onRejected);
  }
}
