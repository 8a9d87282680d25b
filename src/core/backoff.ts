/** Delays that grow: the first is `minMs`, each further one twice as long, up to `maxMs`. Both 0: none. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait before another start.
 *
 * @param streak of a process, restarts since the last stable run; of a task, failed attempts
 * @returns ms: 0 for a streak of 0, and always if `minMs` is 0; then `minMs`, doubled each time, at most `maxMs`
 */
export const backoffDelay = (streak: number, { minMs, maxMs }: Backoff): number =>
  streak === 0 || minMs === 0 ? 0 : Math.min(maxMs, minMs * 2 ** (streak - 1));
