/** When to stop waiting. */
export interface WaitLimits {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const noop = (): void => {};

/**
 * @param onLimit called at most once: without an argument when the time is up, with the signal's reason when that aborts
 * @returns stops watching
 */
export const watchLimits = (
  { timeoutMs, signal }: WaitLimits,
  onLimit: (reason?: { readonly aborted: unknown }) => void,
): (() => void) => {
  if (timeoutMs === undefined && signal === undefined) return noop;
  const stop = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  const abort = (): void => {
    stop();
    onLimit({ aborted: signal?.reason });
  };
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          stop();
          onLimit();
        }, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  return stop;
};
