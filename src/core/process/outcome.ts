/**
 * How a run of a process ended.
 * `unknown`: nobody saw it (its shim was killed, the machine went down); it is never guessed.
 */
export type ProcessOutcome =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signaled'; readonly signal: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** One run that has ended; `exitedAt` and `uptimeMs` are null when nobody saw it end. */
export interface Ending {
  /** Counts the runs of a process from 1; every event names the run it speaks of. */
  readonly run: number;
  readonly pid: number | null;
  readonly outcome: ProcessOutcome;
  /** Wall clock, ms since 1970. */
  readonly startedAt: number;
  readonly exitedAt: number | null;
  readonly uptimeMs: number | null;
}
