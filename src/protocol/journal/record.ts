import type { TaskEnd } from '../../core/pool/outcome.ts';
import { jsonLine } from '../json-lines.ts';
import { cut } from '../show.ts';
import type { AttemptRecord } from '../task-record.ts';

/** The version of the format that is written, and the latest that can be read. */
export const JOURNAL_VERSION = 1;

/** Names are for people; the script of many pages that a task may be is not written down again for each attempt. */
const MAX_NAME_CHARS = 200;
const MAX_MESSAGE_CHARS = 1000;

/** A pool has begun; pid, start time and boot together name its process for ever. */
export interface RunRecord {
  readonly type: 'run';
  readonly version: number;
  /** From 1. */
  readonly run: number;
  /** ISO 8601, as all times here. */
  readonly startedAt: string;
  readonly size: number;
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
}

/** An attempt at a task has ended. */
export interface AttemptEntry {
  readonly type: 'attempt';
  readonly run: number;
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  /** The hash of what the task is. */
  readonly key: string;
  /** From 1. */
  readonly attempt: number;
  /** No other attempt follows. */
  readonly final: boolean;
  readonly state: Exclude<TaskEnd, 'skipped'>;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly durationMs: number;
  readonly slot: number;
}

/** How many tasks of a run came to which end. */
export interface RunCounts {
  readonly submitted: number;
  readonly alreadyDone: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly cancelled: number;
  readonly skipped: number;
}

/** A pool has come to its end in order: everything of it stands before this. */
export interface EndRecord {
  readonly type: 'end';
  readonly run: number;
  readonly endedAt: string;
  /** Why it ended before its time, or null. */
  readonly haltedBy: string | null;
  readonly counts: RunCounts;
}

export type JournalRecord = RunRecord | AttemptEntry | EndRecord;

/** The line of a record, with its newline. */
export const journalLine = (record: JournalRecord): string => `${jsonLine(record)}\n`;

/** @param key of the task, as `runtime/journal/task-key.ts` makes it */
export const attemptEntry = (run: number, key: string, record: AttemptRecord): AttemptEntry => ({
  type: 'attempt',
  run,
  seq: record.seq,
  id: record.id,
  name: cut(record.name, MAX_NAME_CHARS),
  key,
  attempt: record.attempt,
  final: record.final,
  state: record.state as AttemptEntry['state'],
  exitCode: record.exitCode,
  signal: record.signal,
  error:
    record.error === null ? null : { code: record.error.code, message: cut(record.error.message, MAX_MESSAGE_CHARS) },
  startedAt: new Date(record.startedAt).toISOString(),
  endedAt: new Date(record.endedAt).toISOString(),
  durationMs: record.durationMs,
  slot: record.slot,
});
