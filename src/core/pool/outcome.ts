/** How one attempt at a task ended, as far as it is known: an exit is never invented. */
export type AttemptOutcome =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signaled'; readonly signal: NodeJS.Signals }
  /** A function has returned; `result` is JSON. */
  | {
      readonly kind: 'returned';
      readonly result: string;
      /** Of a call of the library: the result in the format of values, where JSON would change it; `result` is `null` then. */
      readonly value?: Uint8Array;
    }
  /** It could not be run, or what became of it is not known: no exit code, no signal, but the reason. */
  | AttemptError;

export interface AttemptError {
  readonly kind: 'error';
  readonly code: string;
  readonly message: string;
  /** Of what a function threw: `TypeError`. */
  readonly name?: string;
  /** Of a worker that ended with 0 before its function had returned: known, and no success all the same. */
  readonly exitCode?: number;
  /** Of a call of the library: the error itself, in the format of values. */
  readonly thrown?: Uint8Array;
}

/** Why procctl itself ended an attempt: its limit, the end of the pool, or to make room for the others. */
export type EndCause = 'timeout' | 'cancel' | 'displaced';

export type TaskEnd = 'succeeded' | 'failed' | 'timedOut' | 'cancelled' | 'skipped';

/** A task that another one needs, and that did not succeed. */
export interface FailedNeed {
  readonly id: string;
  readonly end: Exclude<TaskEnd, 'succeeded'>;
}

/** Why a task was skipped. */
export interface SkipCause {
  /** The need of its own; of several the one that was known first. */
  readonly need: FailedNeed;
  /** The task with which it began: the need itself, or what that needed in turn, as far as it is still known. */
  readonly root: FailedNeed;
}

/** One settled task, as the pool's core sees it. */
export interface TaskSettlement {
  readonly end: TaskEnd;
  /** How the last attempt ended; absent when the task never started. */
  readonly outcome?: AttemptOutcome;
  /** Attempts made; 0 when the task never started. */
  readonly attempts: number;
  /** Slot of the last attempt, from 1; absent when the task never started. */
  readonly slot?: number;
  /** Of a skipped task, and of no other. */
  readonly skip?: SkipCause;
}
