import { isUtf8 } from 'node:buffer';
import type { TaskEnd } from '../core/pool/outcome.ts';

/** One finished task as `--json` shows it, without what it wrote. Field names are stable. */
export interface TaskRecord {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly state: TaskEnd;
  /** Null when a signal ended it, when it never ran, when how it ended is not known, and of a function that returned. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why there is neither exit code nor signal; null when there is one of them. */
  readonly error: {
    readonly code: string;
    readonly name?: string;
    /** Of a skipped task: the id of the need that did not succeed. */
    readonly need?: string;
    readonly message: string;
  } | null;
  /** Start of the first attempt, ms since the epoch (ISO 8601 in JSON); null when it never started. */
  readonly startedAt: number | null;
  /** End of the last attempt, likewise. */
  readonly endedAt: number | null;
  /** Of the last attempt, ms. */
  readonly durationMs: number | null;
  readonly attempts: number;
  readonly slot: number | null;
  /** The machine it ran on; absent: this one. */
  readonly host?: string;
  /** What a function returned, as JSON; absent for all else. */
  readonly result?: string;
}

/** One ended attempt at a task. Fields of the same name mean the same as in `TaskRecord`, of this attempt. */
export interface AttemptRecord
  extends Pick<TaskRecord, 'seq' | 'id' | 'name' | 'state' | 'exitCode' | 'signal' | 'error'> {
  /** From 1. */
  readonly attempt: number;
  /** No other attempt follows. */
  readonly final: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly durationMs: number;
  readonly slot: number;
}

/** Bytes that can be gone through more than once, in pieces. */
export interface Bytes {
  readonly size: number;
  chunks(): Iterable<Buffer>;
}

/** What is small is written as one piece. */
const SMALL_BYTES = 64 * 1024;

/** Whether it is UTF-8. */
export const isText = (bytes: Bytes): boolean => {
  if (bytes.size === 0) return true;
  if (bytes.size <= SMALL_BYTES) return isUtf8(joined(bytes));
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    for (const chunk of bytes.chunks()) decoder.decode(chunk, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
};

const joined = (bytes: Bytes): Buffer => {
  const chunks = [...bytes.chunks()];
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
};

function* jsonText(bytes: Bytes): Generator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (const chunk of bytes.chunks()) yield JSON.stringify(decoder.decode(chunk, { stream: true })).slice(1, -1);
  yield JSON.stringify(decoder.decode()).slice(1, -1);
}

export function* base64Text(bytes: Bytes): Generator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for (const chunk of bytes.chunks()) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = all.length - (all.length % 3);
    yield all.toString('base64', 0, whole);
    rest = all.subarray(whole);
  }
  yield rest.toString('base64');
}

/** ISO 8601, or null for null. @param time ms since the epoch */
export const isoTime = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

/** A record as the beginning of a JSON object: its members, the brace left open. */
export const recordHead = (record: TaskRecord): string => {
  const { result, ...plain } = record;
  const json = JSON.stringify({ ...plain, startedAt: isoTime(record.startedAt), endedAt: isoTime(record.endedAt) });
  return `${json.slice(0, -1)}${result === undefined ? '' : `,"result":${result}`}`;
};

/**
 * The line of NDJSON for a finished task, in pieces, so that a gigabyte of output never stands in memory.
 *
 * `stdout` and `stderr` are text where both are UTF-8; otherwise both are base64 and `encoding` says so. They are null
 * when the output was not kept.
 */
export function* recordLine(record: TaskRecord, stdout: Bytes | null, stderr: Bytes | null): Generator<Buffer> {
  const head = recordHead(record);
  if (stdout === null || stderr === null) {
    yield Buffer.from(`${head},"stdout":null,"stderr":null}\n`);
    return;
  }
  const areText = isText(stdout) && isText(stderr);
  const encode = areText ? jsonText : base64Text;
  let held = `${head}${areText ? '' : ',"encoding":"base64"'}`;
  for (const [name, bytes] of Object.entries({ stdout, stderr })) {
    held += `,"${name}":"`;
    for (const piece of encode(bytes)) {
      held += piece;
      if (held.length < SMALL_BYTES) continue;
      yield Buffer.from(held);
      held = '';
    }
    held += '"';
  }
  yield Buffer.from(`${held}}\n`);
}
