/** When a process that ended by itself is started again. */
export type RestartMode = 'no' | 'on-failure' | 'always';

/** Everything the life-cycle machine has to know of a process; the rest of its spec is the runtime's business. */
export interface ProcessPolicy {
  readonly restart: RestartMode;
  /** Exit codes that are no failure. */
  readonly okExitCodes: readonly number[];
  /** At most `max` restarts in any `withinMs`; null: as many as it takes. */
  readonly restartLimit: { readonly max: number | null; readonly withinMs: number };
  /** The first restart comes at once, the next after `minMs`, then twice as long each time, up to `maxMs`. */
  readonly backoff: { readonly minMs: number; readonly maxMs: number };
  /** A run that lived this long sets back-off and restart limit back to their beginning. */
  readonly stableAfterMs: number;
}
