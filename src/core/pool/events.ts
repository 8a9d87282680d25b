import type { AttemptOutcome, TaskSettlement } from './outcome.ts';
import type { TaskSpec } from './task.ts';

/** How the end of a running attempt is asked for: TERM, a grace, KILL; or KILL at once. */
export type EndMode = 'graceful' | 'now';

/**
 * Why nothing new is started for now: output is not being read fast enough, a start was made too short a time ago, or the
 * end of an attempt is being recorded.
 */
export type HoldCause = 'output' | 'delay' | 'record';

/** What has happened, or is asked for; `attempt` (from 1) is the incarnation an event speaks of. */
export type PoolEvent =
  /**
   * More of the input: what is to be run, and what an earlier run has done; the latter is never started, and counts as
   * succeeded for those that need it.
   */
  | { readonly tag: 'submitted'; readonly tasks: readonly TaskSpec[]; readonly done?: readonly TaskSpec[] }
  | { readonly tag: 'inputEnded' }
  /** The input turned out bad part way: nothing new starts, what runs finishes. */
  | { readonly tag: 'inputFailed' }
  /** procctl itself can no longer do its part, such as to write its journal: nothing new starts, what runs finishes. */
  | { readonly tag: 'brokenOff' }
  | { readonly tag: 'ended'; readonly seq: number; readonly attempt: number; readonly outcome: AttemptOutcome }
  | { readonly tag: 'timeoutElapsed'; readonly seq: number; readonly attempt: number }
  | { readonly tag: 'retryDue'; readonly seq: number; readonly attempt: number }
  /** A cause holds new starts (on), or does so no more (off); they go on when none is left. */
  | { readonly tag: 'held'; readonly by: HoldCause; readonly on: boolean }
  /** Fewer (or more) slots can be used than before: at least 1. */
  | { readonly tag: 'resized'; readonly size: number }
  /** There is too little of something that tasks at work hold: the youngest has to give it back, unless it is the only one. */
  | { readonly tag: 'scarce' }
  | { readonly tag: 'cancel'; readonly mode: EndMode };

/** What the shell around the core has to do, in this order. */
export type PoolEffect =
  /** With `isSpaced`, answer with `held` by `delay` (off) once the next start may come. */
  | { readonly tag: 'start'; readonly task: TaskSpec; readonly slot: number; readonly attempt: number }
  | {
      readonly tag: 'end';
      readonly seq: number;
      readonly attempt: number;
      readonly slot: number;
      readonly mode: EndMode;
    }
  /** A failed attempt is to be tried again: answer with `retryDue` once `delayMs` have passed. */
  | {
      readonly tag: 'retry';
      readonly task: TaskSpec;
      readonly attempt: number;
      readonly outcome: AttemptOutcome;
      readonly delayMs: number;
      readonly timedOut: boolean;
    }
  /** An attempt that had to give way has ended: it is queued again, and that was no failure. */
  | { readonly tag: 'requeue'; readonly task: TaskSpec; readonly attempt: number; readonly outcome: AttemptOutcome }
  | { readonly tag: 'settle'; readonly task: TaskSpec; readonly settlement: TaskSettlement }
  /** Every submitted task has settled and no more will come; the last effect of a pool, given once. */
  | { readonly tag: 'finish' };
