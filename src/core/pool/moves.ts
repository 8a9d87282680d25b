import type { EndMode } from './events.ts';
import type { AttemptOutcome, EndCause, TaskEnd } from './outcome.ts';
import type { TaskSpec } from './task.ts';

/** Why a task is held back: for another try, for tasks it needs, or because its output is not being read. */
export type WaitReason = 'retry' | 'needs' | 'throttled';

/** A try that failed or had to give way, kept while another is owed; `attempt` counts from 1. */
export interface FailedTry {
  readonly attempt: number;
  readonly slot: number;
  readonly outcome: AttemptOutcome;
  /** What the task is if there is no other: `cancelled` if no try has failed. */
  readonly end: 'failed' | 'timedOut' | 'cancelled';
  /** How many tries, this one included, had to give way: these are no retries. */
  readonly displaced: number;
}

/** That procctl asked a running attempt to end: why first, and how hard by now. */
export interface Ending {
  readonly cause: EndCause;
  readonly mode: EndMode;
}

/** Queued for a slot; `lastTry` is null unless another try came before. */
export interface Ready {
  readonly tag: 'ready';
  readonly task: TaskSpec;
  readonly lastTry: FailedTry | null;
}

/** At work in a slot; `ending` is null until procctl asks for the end. */
export interface Running {
  readonly tag: 'running';
  readonly task: TaskSpec;
  readonly attempt: number;
  readonly slot: number;
  readonly ending: Ending | null;
  readonly lastTry: FailedTry | null;
}

/** Held back, without a slot; what it waits for decides what it carries. */
export type Waiting =
  | { readonly tag: 'waiting'; readonly reason: 'retry'; readonly task: TaskSpec; readonly lastTry: FailedTry }
  | { readonly tag: 'waiting'; readonly reason: Exclude<WaitReason, 'retry'>; readonly task: TaskSpec };

export type TaskStateTag = Ready['tag'] | Running['tag'] | Waiting['tag'] | TaskEnd;

/** What happens to one task; `halted` says that the pool starts nothing new, whatever the reason. */
export type TaskEventTag =
  | 'assigned'
  | 'ended'
  | 'timeoutElapsed'
  | 'displaced'
  | 'retryDue'
  | 'needsMet'
  | 'needFailed'
  | 'halted';

/**
 * Every move a task can make. A task begins in `ready`, or in `waiting` if it needs others; the ends have no way out.
 *
 * `halted` of a task that has been tried ends in what its last try was: a failure stays one, also when the pool
 * stops before the next try.
 */
export const MOVES = {
  ready: { assigned: ['running'], halted: ['cancelled', 'failed', 'timedOut'] },
  running: {
    ended: ['succeeded', 'failed', 'timedOut', 'cancelled', 'waiting', 'ready'],
    timeoutElapsed: ['running'],
    displaced: ['running'],
    halted: ['running'],
  },
  waiting: {
    retryDue: ['ready'],
    needsMet: ['ready'],
    needFailed: ['skipped'],
    halted: ['cancelled', 'failed', 'timedOut'],
  },
  succeeded: {},
  failed: {},
  timedOut: {},
  cancelled: {},
  skipped: {},
} as const satisfies Record<TaskStateTag, Partial<Record<TaskEventTag, readonly TaskStateTag[]>>>;

/**
 * Makes one move of the table.
 *
 * @returns `to`
 * @throws Error when `MOVES` has no such move: a mistake in the machine, never one of the user
 */
export const move = (from: TaskStateTag, event: TaskEventTag, to: TaskStateTag): TaskStateTag => {
  const moves: Partial<Record<TaskEventTag, readonly TaskStateTag[]>> = MOVES[from];
  if (moves[event]?.includes(to)) return to;
  throw new Error(`a pool task cannot move from ${from} to ${to} on ${event}`);
};
