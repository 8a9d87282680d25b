/** What an estimate rests on. */
export interface Progress {
  /** Tasks that have come to their end. */
  readonly settled: number;
  /** Tasks known. */
  readonly total: number;
  /** More tasks may come, so `total` is not the last word. */
  readonly isInputOpen: boolean;
  /** Since the first task started, ms. */
  readonly elapsedMs: number;
}

/**
 * How long the rest takes if it goes on at the average pace so far.
 *
 * @returns ms; null while it would be a guess: the input is still open, or nothing has settled
 */
export const estimateEtaMs = ({ settled, total, isInputOpen, elapsedMs }: Progress): number | null =>
  isInputOpen || settled === 0 ? null : (elapsedMs * (total - settled)) / settled;
