import type { ProcessOutcome } from '../core/process/outcome.ts';

export type ShownState = 'running' | 'ready' | 'waiting' | 'stopping' | 'exited' | 'failed';

/** What `ps` writes when it is not to a terminal: a table, names only, or `--json`. */
export const FACES = ['table', 'names', 'json'] as const;

export type Face = (typeof FACES)[number];

/** One process as `ps` shows it; `ps --json` is a list of these. Times are ISO 8601, null where there is nothing to say. */
export interface ProcessView {
  readonly id: number;
  readonly name: string;
  readonly group: string;
  readonly instance: number | null;
  /** Of the live main process. */
  readonly pid: number | null;
  /** The recorded pid and its start time match a process that is no zombie. */
  readonly alive: boolean;
  /**
   * `running`, `ready` and `waiting` of a live process are what the kernel showed: on a CPU, queued for one, asleep.
   * Without a live process: `ready` is about to be started, `waiting` is held back.
   */
  readonly state: ShownState;
  /**
   * In `waiting`: `sleep`, `disk`, `stopped`, `paused`, `traced`, `backoff`. In `stopping`: what for, if not a plain stop.
   * In `exited`: how (`0`, `SIGSEGV`, `unknown`). In `failed`: why (`5 restarts in 60s`).
   */
  readonly reason: string | null;
  /** Until the next start, ms, in `waiting (backoff)`. */
  readonly dueInMs: number | null;
  readonly wanted: 'up' | 'down';
  /** Of the last run that ended. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What ended the process for good: itself, `stop`, the daemon's `shutdown`, a `reboot`; null while it goes on. */
  readonly endedBy: 'self' | 'stop' | 'shutdown' | 'reboot' | null;
  /** Automatic restarts since the last start by hand. */
  readonly restarts: number;
  readonly startedAt: string | null;
  readonly exitedAt: string | null;
  readonly uptimeMs: number | null;
  /** Of one CPU, over the whole tree; since the last look, or since the start. 100 is one CPU. */
  readonly cpuPercent: number | null;
  /** Resident memory of the whole tree. */
  readonly memoryBytes: number | null;
  readonly command: string;
  readonly cwd: string;
  readonly restart: string;
  readonly boot: boolean;
  /** Only with `wide`; shares of the life of the main process, 0..1. */
  readonly onCpuShare?: number | null;
  readonly queuedShare?: number | null;
  readonly asleepShare?: number | null;
  /** Only with `wide`: TCP ports the tree listens on. */
  readonly ports?: readonly number[];
}

/** One earlier run, newest first in `ProcessDetails.history`. */
export interface EndingView {
  readonly run: number;
  readonly pid: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why neither is known, or null. */
  readonly unknown: string | null;
  readonly startedAt: string | null;
  readonly exitedAt: string | null;
  readonly uptimeMs: number | null;
}

/** All that is known of a process: `show`. */
export interface ProcessDetails extends ProcessView {
  readonly argv: readonly string[];
  readonly okExitCodes: readonly number[];
  /** null: no limit. */
  readonly maxRestarts: number | null;
  readonly withinMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly stableAfterMs: number;
  readonly stopSignal: string;
  readonly stopTimeoutMs: number;
  readonly logMaxBytes: number;
  readonly logKeep: number;
  /** Lines that the disk did not take, since this daemon has been there; null without a daemon. */
  readonly logDroppedLines: number | null;
  readonly nice: number | null;
  readonly limits: Readonly<Record<string, { readonly soft: number | null; readonly hard: number | null }>>;
  readonly user: string | null;
  readonly createdAt: string;
  readonly directory: string;
  readonly history: readonly EndingView[];
  /** Every process of the tree, the main one first. */
  readonly tree: readonly { readonly pid: number; readonly command: string; readonly state: string }[];
  /** The last lines of standard error, oldest first. */
  readonly stderrTail: readonly string[];
  /** A port that the process could not get, by its stderr, and who listens on it now. */
  readonly portConflict: { readonly port: number; readonly pid: number | null; readonly command: string | null } | null;
  /** Names of the variables; values are null unless asked for. */
  readonly env: Readonly<Record<string, string | null>>;
}

/** The end of a run as `ps` and `wait` name it: `0`, `SIGSEGV`, `unknown`. */
export const outcomeText = (outcome: ProcessOutcome): string => {
  if (outcome.kind === 'exited') return String(outcome.exitCode);
  return outcome.kind === 'signaled' ? outcome.signal : 'unknown';
};
