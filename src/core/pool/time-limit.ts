import { RunningMedian } from './running-median.ts';

/** The limit on one attempt: a time (0: none), or a share of the median of what succeeded tasks took. */
export type TimeLimit =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'median'; readonly percent: number };

/** With fewer successes there is no median to speak of. */
export const MIN_SUCCESSES = 3;
/** Tasks of a few milliseconds vary by many times their median, for no fault of their own. */
export const MIN_MEDIAN_LIMIT_MS = 100;

/** The limit that a series of successes comes to. */
export class MedianLimit {
  readonly #median = new RunningMedian();
  readonly #percent: number;

  constructor(percent: number) {
    this.#percent = percent;
  }

  /**
   * A task has succeeded.
   *
   * @returns the limit from here on, whole ms; null as long as there is none
   */
  succeeded(durationMs: number): number | null {
    this.#median.add(durationMs);
    const { median, size } = this.#median;
    if (median === undefined || size < MIN_SUCCESSES) return null;
    return Math.max(MIN_MEDIAN_LIMIT_MS, Math.ceil((median * this.#percent) / 100));
  }
}
