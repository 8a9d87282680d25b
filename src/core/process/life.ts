import type { Ending, ProcessOutcome } from './outcome.ts';

/** A process as the kernel knows it: pid and start time together name it for as long as the machine is up. */
export interface ProcessRef {
  readonly pid: number;
  /** Clock ticks since boot, as in /proc/PID/stat. */
  readonly startTicks: number;
}

/** The main program of a run. */
export interface MainProcess extends ProcessRef {
  /** Wall clock, ms since 1970. */
  readonly startedAt: number;
  /** Monotonic clock, ms. */
  readonly startedMs: number;
}

/** Why a process came to rest. */
export type EndedBy = 'self' | 'stop' | 'shutdown' | 'reboot';

/** What follows once everything of a run is gone: rest, another start, or what the restart policy says. */
export type Next =
  | { readonly do: 'rest'; readonly endedBy: EndedBy }
  | { readonly do: 'start' }
  | { readonly do: 'decide' };

export type ProcessState =
  /** A start was ordered; no pid is known yet. */
  | { readonly tag: 'ready'; readonly run: number }
  /** `isPaused`: everything of the run is kept stopped, until somebody has it go on. */
  | { readonly tag: 'running'; readonly run: number; readonly main: MainProcess; readonly isPaused: boolean }
  /** Held back until `dueMs` on the monotonic clock; while it is `paused`, beyond that. */
  | { readonly tag: 'waiting'; readonly reason: 'backoff' | 'paused'; readonly dueMs: number; readonly delayMs: number }
  /**
   * On the way down. `main` is null while a start that was ordered has not been reported; `ending` is null while the
   * main program lives; `isCleared` once nothing of the run is left.
   */
  | {
      readonly tag: 'stopping';
      readonly run: number;
      readonly main: MainProcess | null;
      readonly ending: Ending | null;
      readonly isCleared: boolean;
      readonly next: Next;
    }
  | { readonly tag: 'exited'; readonly endedBy: EndedBy | null }
  /** Gave up, with the reason in plain words. */
  | { readonly tag: 'failed'; readonly why: string };

/** The life of one supervised process; plain data, kept on disk as it is. */
export interface Life {
  readonly state: ProcessState;
  /** What was asked for last, whatever the process does. */
  readonly wanted: 'up' | 'down';
  /** Counts starts, from 1; 0: never started. Every event about a run names it. */
  readonly run: number;
  /** Automatic restarts since the last start by hand; one that is waited for is not among them yet. */
  readonly restarts: number;
  /** Of these, since the last stable run: decides the back-off. */
  readonly streak: number;
  /** Times of restarts that count for the limit, monotonic ms, newest first. */
  readonly recent: readonly number[];
  /** The last runs that ended, newest first. */
  readonly history: readonly Ending[];
}

/** Ended runs kept for `show`. */
export const MAX_HISTORY = 20;

export const newLife = (): Life => ({
  state: { tag: 'exited', endedBy: null },
  wanted: 'down',
  run: 0,
  restarts: 0,
  streak: 0,
  recent: [],
  history: [],
});

export type LifeEvent =
  | { readonly tag: 'start' }
  /** `endedBy` is `stop`, or `shutdown` if the daemon goes: then the process stays wanted. */
  | { readonly tag: 'stop'; readonly endedBy: EndedBy }
  | { readonly tag: 'restart' }
  | { readonly tag: 'pause' }
  | { readonly tag: 'resume'; readonly atMs: number }
  | { readonly tag: 'due'; readonly run: number }
  | { readonly tag: 'started'; readonly run: number; readonly main: MainProcess }
  /** The program could not be started: no process was ever there. */
  | { readonly tag: 'startFailed'; readonly run: number; readonly why: string; readonly atMs: number }
  /** The main program has ended: at `atMs` (monotonic) this became known; `at` (wall clock) is null if nobody saw it. */
  | {
      readonly tag: 'exited';
      readonly run: number;
      readonly outcome: ProcessOutcome;
      readonly at: number | null;
      readonly atMs: number;
    }
  /** Nothing is left of the run but, perhaps, its main program's report. */
  | { readonly tag: 'cleared'; readonly run: number; readonly atMs: number };

export type LifeEffect =
  | { readonly tag: 'launch'; readonly run: number }
  /** End everything the run has started; `what` is `all`, or `rest` when the main program has ended by itself. */
  | { readonly tag: 'end'; readonly run: number; readonly what: 'all' | 'rest' }
  /** Stop everything of the run where it stands, or have it go on. */
  | { readonly tag: 'freeze' | 'thaw'; readonly run: number }
  /** Send `due` for this run after a time; another effect of the kind, or a state other than waiting for that, replaces it. */
  | { readonly tag: 'wake'; readonly run: number; readonly afterMs: number }
  /** For the history of events. */
  | { readonly tag: 'note'; readonly what: 'exited'; readonly ending: Ending }
  | { readonly tag: 'note'; readonly what: 'restarting'; readonly afterMs: number; readonly restarts: number }
  | { readonly tag: 'note'; readonly what: 'failed'; readonly why: string }
  | { readonly tag: 'note'; readonly what: 'paused' | 'resumed' };

export interface LifeStep {
  readonly life: Life;
  readonly effects: readonly LifeEffect[];
}
