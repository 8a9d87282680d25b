/**
 * How long to wait before a restart.
 *
 * @param streak restarts since the last stable run: 0 is the first
 * @returns ms: 0 for the first, and always if `minMs` is 0; then `minMs`, doubled each time, at most `maxMs`
 */
export const backoffDelay = (
  streak: number,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
): number => (streak === 0 || minMs === 0 ? 0 : Math.min(maxMs, minMs * 2 ** (streak - 1)));
