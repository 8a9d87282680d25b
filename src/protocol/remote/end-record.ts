import type { AttemptError, AttemptOutcome } from '../../core/pool/outcome.ts';
import { printable } from '../../core/printable.ts';
import { FORMAT_VERSION } from './job.ts';

/** One piece of what a task wrote: `o` standard output, `e` standard error. */
export type InlinePiece = readonly [stream: 'o' | 'e', base64: string];

/** How an attempt ended: what a job returns. */
export interface EndRecord {
  readonly version: typeof FORMAT_VERSION;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly error: Omit<AttemptError, 'kind' | 'exitCode' | 'thrown'> | null;
  /** What a function returned, as JSON text. */
  readonly result?: string;
  /** In place of it: base64 of the format of values, of what JSON would change. Only of a `call`. */
  readonly value?: string;
  /** Likewise, what a function threw. */
  readonly thrown?: string;
  /** The time limit it ran into, ms. */
  readonly timedOutMs: number | null;
  readonly durationMs: number;
  readonly host: string;
  /** Of the worker. */
  readonly pid: number;
  readonly slot: number;
  /** How often the job had been begun, from 1; that of its pieces of output. */
  readonly execution: number;
  readonly output: {
    /** In the stream, numbered from 0. */
    readonly chunks: number;
    readonly bytes: number;
    /** All of it, when it is short: then `chunks` is 0. */
    readonly inline?: readonly InlinePiece[];
    /** Of the pieces in the stream, when ends are signed. */
    readonly sha256?: string;
  };
  readonly signature?: string;
}

/** What is told while it runs: the progress of a job. */
export interface ProgressRecord {
  readonly version: typeof FORMAT_VERSION;
  readonly host: string;
  /** Of the task's first process; null: not known. */
  readonly taskPid: number | null;
  readonly slot: number;
  readonly execution: number;
  /** There is something in the stream of its output. */
  readonly streams: boolean;
}

type OutcomePart = Pick<EndRecord, 'exitCode' | 'signal' | 'error' | 'result' | 'value' | 'thrown'>;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const outcomePart = (outcome: AttemptOutcome): OutcomePart => {
  const none = { exitCode: null, signal: null, error: null };
  switch (outcome.kind) {
    case 'exited':
      return { ...none, exitCode: outcome.exitCode };
    case 'signaled':
      return { ...none, signal: outcome.signal };
    case 'returned':
      return outcome.value === undefined
        ? { ...none, result: outcome.result }
        : { ...none, value: base64(outcome.value) };
    case 'error': {
      const { kind: _, exitCode = null, thrown, ...error } = outcome;
      return { ...none, exitCode, error, ...(thrown !== undefined && { thrown: base64(thrown) }) };
    }
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Jobs that were begun more often have never been seen; what says so does not come from a worker. */
const MAX_EXECUTION = 10_000;

const isExecution = (value: unknown): value is number => isWhole(value) && value <= MAX_EXECUTION;

const isDuration = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;

/** Who can write to Redis can call itself anything. */
const hostOf = (value: unknown): string => (typeof value === 'string' ? printable(value).slice(0, 255) : '?');

const isPiece = (value: unknown): value is InlinePiece =>
  Array.isArray(value) && (value[0] === 'o' || value[0] === 'e') && typeof value[1] === 'string';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const outcomeOf = ({
  exitCode,
  signal,
  error,
  result,
  value,
  thrown,
}: Readonly<Record<string, unknown>>): AttemptOutcome | undefined => {
  if (isObject(error)) {
    const { code, name, message } = error;
    if (typeof code !== 'string' || typeof message !== 'string') return undefined;
    return {
      kind: 'error',
      code,
      message,
      ...(typeof name === 'string' && { name }),
      ...(isWhole(exitCode) && { exitCode }),
      ...(typeof thrown === 'string' && { thrown: Buffer.from(thrown, 'base64') }),
    };
  }
  if (typeof value === 'string') return { kind: 'returned', result: 'null', value: Buffer.from(value, 'base64') };
  if (typeof result === 'string') return isJson(result) ? { kind: 'returned', result } : undefined;
  if (typeof signal === 'string' && /^SIG[A-Z0-9]{1,20}$/.test(signal)) {
    return { kind: 'signaled', signal: signal as NodeJS.Signals };
  }
  return isWhole(exitCode) && exitCode <= 255 ? { kind: 'exited', exitCode } : undefined;
};

/** How an attempt ended, as the submitter takes it. */
export interface RemoteEnd {
  readonly outcome: AttemptOutcome;
  readonly timedOutMs: number | null;
  readonly durationMs: number | undefined;
  readonly host: string;
  readonly execution: number;
  readonly chunks: number;
  readonly inline: readonly InlinePiece[];
  readonly sha256?: string;
}

const UNREADABLE: AttemptOutcome = {
  kind: 'error',
  code: 'ERR_END_RECORD',
  message: 'how it ended cannot be read: the worker is of another version, or not procctl',
};

/** JSON nested too deeply to be written is none that a task has returned. */
const returnedBy = (value: unknown): AttemptOutcome => {
  try {
    return { kind: 'returned', result: JSON.stringify(value) ?? 'null' };
  } catch {
    return UNREADABLE;
  }
};

/** What a worker that is not procctl's returned: the result of the task, whatever it is. */
const foreignEnd = (value: unknown): RemoteEnd => ({
  outcome: returnedBy(value),
  timedOutMs: null,
  durationMs: undefined,
  host: '?',
  execution: 0,
  chunks: 0,
  inline: [],
});

/** @param value what a job returned; anything at all */
export const readEndRecord = (value: unknown): RemoteEnd => {
  if (!isObject(value) || value.version !== FORMAT_VERSION) {
    const isOtherVersion = isObject(value) && 'version' in value && 'exitCode' in value;
    return isOtherVersion ? { ...foreignEnd(null), outcome: UNREADABLE } : foreignEnd(value);
  }
  const { timedOutMs, durationMs, host, execution, output } = value;
  const { chunks, inline, sha256 } = isObject(output) ? output : {};
  return {
    outcome: outcomeOf(value) ?? UNREADABLE,
    timedOutMs: isDuration(timedOutMs) ? timedOutMs : null,
    durationMs: isDuration(durationMs) ? durationMs : undefined,
    host: hostOf(host),
    execution: isExecution(execution) ? execution : 0,
    chunks: isWhole(chunks) ? chunks : 0,
    inline: Array.isArray(inline) ? inline.filter(isPiece) : [],
    ...(typeof sha256 === 'string' && { sha256 }),
  };
};

/** @param value the progress of a job; undefined for what is none of ours */
export const readProgress = (value: unknown): ProgressRecord | undefined => {
  if (!isObject(value) || value.version !== FORMAT_VERSION) return undefined;
  const { host, taskPid, slot, execution, streams } = value;
  if (typeof host !== 'string' || !isExecution(execution)) return undefined;
  return {
    version: FORMAT_VERSION,
    host: hostOf(host),
    taskPid: isWhole(taskPid) ? taskPid : null,
    slot: isWhole(slot) ? slot : 0,
    execution,
    streams: streams === true,
  };
};
