// What `procctl pool` says in plain lines. Every run loads this, so nothing here imports tables, colours or widths.
import type { AttemptOutcome, TaskEnd } from '../core/pool/outcome.ts';
import { printable } from '../core/printable.ts';
import { formatDuration } from '../protocol/duration.ts';
import { ceilToSecond } from './elapsed.ts';
import { countText, type PoolCounts, type PoolView, settledCount, troubleTexts, waitingTexts } from './pool-view.ts';

/** What a line says of a task at most: a script of many pages is known by its id. */
const MAX_NAME_CHARACTERS = 200;

/** A name of many pages, cut. */
export const shortened = (name: string): string => {
  const characters = Array.from(name.slice(0, 2 * MAX_NAME_CHARACTERS + 2));
  return characters.length > MAX_NAME_CHARACTERS ? `${characters.slice(0, MAX_NAME_CHARACTERS - 1).join('')}…` : name;
};

/** `task 3 (gzip -9 x)`; the id alone where the name says no more. */
export const taskText = ({ id, name }: TaskLabel): string =>
  id === name ? `task ${printable(shortened(id))}` : `task ${printable(shortened(id))} (${printable(shortened(name))})`;

/** A span that was set or estimated, without a `.0` that would claim it was measured: `2s`, `1.5s`. */
const roundDuration = (ms: number): string => formatDuration(ms).replace('.0s', 's');

const outcomeText = (outcome: AttemptOutcome): string => {
  switch (outcome.kind) {
    case 'exited':
      return `exit code ${outcome.exitCode}`;
    case 'signaled':
      return `ended by ${outcome.signal}`;
    case 'returned':
      return 'returned';
    case 'error':
      return printable(outcome.name === undefined ? outcome.message : `${outcome.name}: ${outcome.message}`);
  }
};

const timeoutText = (timeoutMs: number | undefined): string =>
  timeoutMs === undefined ? 'timed out' : `timed out after ${roundDuration(timeoutMs)}`;

/** By what a line tells one task from the others. */
export interface TaskLabel {
  readonly id: string;
  readonly name: string;
}

export interface TaskFailure extends TaskLabel {
  readonly end: Exclude<TaskEnd, 'succeeded'>;
  /** How the last attempt ended; absent when the task never started. */
  readonly outcome?: AttemptOutcome | undefined;
  /** Attempts made; 0 when the task never started. */
  readonly attempts: number;
  /** The limit a timed-out task ran into, ms. */
  readonly timeoutMs?: number | undefined;
}

const reasonText = ({ end, outcome, timeoutMs }: TaskFailure): string => {
  switch (end) {
    case 'timedOut':
      return timeoutText(timeoutMs);
    case 'cancelled':
      return outcome === undefined ? 'cancelled before it started' : 'cancelled';
    case 'skipped':
      return 'skipped, as a task it needs did not succeed';
    case 'failed':
      return outcome === undefined ? 'failed' : outcomeText(outcome);
  }
};

/** Why a task has not succeeded: `task 3 (gzip -9 x): exit code 2 after 3 attempts`. */
export const failureText = (failure: TaskFailure): string => {
  const { attempts, end, outcome } = failure;
  const isSentence = end === 'timedOut' || outcome?.kind === 'error';
  const tries = attempts > 1 ? `${isSentence ? ',' : ''} after ${attempts} attempts` : '';
  return `${taskText(failure)}: ${reasonText(failure)}${tries}`;
};

/** The same as a message of procctl. */
export const failureLine = (failure: TaskFailure): string => `procctl: ${failureText(failure)}`;

export interface TaskRetry extends TaskLabel {
  /** How the attempt ended that is not the last. */
  readonly outcome: AttemptOutcome;
  readonly timedOut: boolean;
  /** The limit a timed-out attempt ran into, ms. */
  readonly timeoutMs?: number | undefined;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** Attempts there will be at most. */
  readonly maxAttempts: number;
  /** Pause before the next attempt, ms. */
  readonly delayMs: number;
}

/** That a task is tried again: `procctl: task 3 (curl x): exit code 7, trying again in 2s (attempt 2 of 3)`. */
export const retryLine = (retry: TaskRetry): string => {
  const reason = retry.timedOut ? timeoutText(retry.timeoutMs) : outcomeText(retry.outcome);
  const pause = retry.delayMs > 0 ? ` in ${roundDuration(retry.delayMs)}` : '';
  const turn = `attempt ${retry.attempt + 1} of ${retry.maxAttempts}`;
  return `procctl: ${taskText(retry)}: ${reason}, trying again${pause} (${turn})`;
};

/** That a task had to give way: `procctl: task 3 (gzip -9 x): ended to free memory, to be run again`. */
export const requeueLine = (label: TaskLabel): string =>
  `procctl: ${taskText(label)}: ended to free memory, to be run again`;

/** How far the pool is, for `--progress plain`: `procctl: 12/45 done, 2 failed, 4 running, 3 waiting (needs), ETA 12s`. */
export const progressLine = ({ counts, etaMs }: PoolView): string =>
  [
    `procctl: ${countText(counts)} done`,
    ...troubleTexts(counts),
    ...(counts.running > 0 ? [`${counts.running} running`] : []),
    ...waitingTexts(counts),
    ...(etaMs === null ? [] : [`ETA ${roundDuration(ceilToSecond(etaMs))}`]),
  ].join(', ');

/**
 * What became of all tasks, once the pool has ended: `procctl: 45 tasks: 44 succeeded, 1 failed in 3.2s`.
 *
 * @param stopped why it ended before its time: too many failures (`halted`), or it was told to (`cancelled`); else null
 * @param leftOut what is said of tasks that a journal lets out
 */
export const summaryLine = (
  counts: PoolCounts,
  elapsedMs: number,
  stopped: 'halted' | 'cancelled' | null,
  leftOut = 'done already',
): string => {
  const ending = stopped === null ? '' : ` (${stopped})`;
  const total = counts.submitted + counts.alreadyDone;
  if (total === 0) return `procctl: no tasks${ending}`;
  const unsettled = counts.submitted - settledCount(counts);
  const results = [
    ...(counts.alreadyDone > 0 ? [`${counts.alreadyDone} ${leftOut}`] : []),
    ...(counts.succeeded > 0 ? [`${counts.succeeded} succeeded`] : []),
    ...troubleTexts(counts),
    ...(unsettled > 0 ? [`${unsettled} unfinished`] : []),
  ];
  const tasks = `${total} ${total === 1 ? 'task' : 'tasks'}`;
  return `procctl: ${tasks}: ${results.join(', ')} in ${formatDuration(elapsedMs)}${ending}`;
};
