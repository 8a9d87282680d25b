export interface RestartLimit {
  /** null: no limit. */
  readonly max: number | null;
  readonly withinMs: number;
}

export interface RestartWindow {
  /** Times of restarts that still count, newest first. */
  readonly times: readonly number[];
  readonly isExceeded: boolean;
}

/**
 * Records one restart and says whether the limit still holds.
 *
 * @param earlier times of past restarts, ms on the monotonic clock, newest first
 * @param at time of this restart, same clock, not before `earlier[0]`
 * @param limit at most `limit.max` restarts in any `limit.withinMs`
 * @returns the times still inside the window, newest first, with `at` in front; without a limit none are kept
 * Never throws: the caller turns `isExceeded` into the `failed` state.
 * The window rule is that of Erlang/OTP `supervisor.erl`, `add_restart/3` (seconds there, ms here).
 */
export const addRestart = (earlier: readonly number[], at: number, limit: RestartLimit): RestartWindow => {
  if (limit.max === null) return { times: [], isExceeded: false };
  const times = [at, ...earlier.filter((time) => time >= at - limit.withinMs)];
  return { times, isExceeded: times.length > limit.max };
};
