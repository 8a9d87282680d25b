// Messages of calls and of their results, between a pool and its workers, and the notes that a worker keeps of its
// progress where its pool can read them when the worker is dead.
import { ValueWriter } from './values/codec.ts';

/** How a call uses its value. */
export const CALL = {
  /** A list: the arguments. */
  single: 0,
  /** A list: one call for each member, which is the only argument; the first error ends it. */
  map: 1,
  /** A list of lists: one call for each, with these arguments; the first error ends it. */
  starmap: 2,
  /** As `map`, but each call has a result of its own, be it an error. */
  each: 3,
} as const;
export type CallKind = (typeof CALL)[keyof typeof CALL];

export const RESULT = {
  /** A value: what was returned, or the list of it. */
  returned: 0,
  /** A value: the error. */
  threw: 1,
  /** A value: the error. Nothing was called. */
  cannotLoad: 2,
  /** A value: a list of [true, result] or [false, error]. */
  each: 3,
} as const;
export type ResultStatus = (typeof RESULT)[keyof typeof RESULT];

export interface CallOnWire {
  readonly kind: CallKind;
  /** The number that the function was defined with. */
  readonly target: number;
  readonly value: Buffer;
}

/** A call to be sent. Its value is a part of a buffer that many share: one for each call would be most of its cost. */
export interface CallToSend {
  readonly kind: CallKind;
  readonly target: { readonly number: number };
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** @param frame numbers the message, from 1 */
export const callsBody = (frame: number, calls: readonly CallToSend[]): Buffer => {
  let length = 8;
  for (const { start, end } of calls) length += 9 + end - start;
  const body = Buffer.allocUnsafe(length);
  body.writeUInt32LE(frame, 0);
  body.writeUInt32LE(calls.length, 4);
  let at = 8;
  for (const { kind, target, bytes, start, end } of calls) {
    body[at] = kind;
    body.writeUInt32LE(target.number, at + 1);
    body.writeUInt32LE(end - start, at + 5);
    bytes.copy(body, at + 9, start, end);
    at += 9 + end - start;
  }
  return body;
};

/** Reads calls one after the other. */
export class CallReader {
  readonly frame: number;
  readonly count: number;
  readonly #body: Buffer;
  #at = 8;

  constructor(body: Buffer) {
    this.#body = body;
    this.frame = body.readUInt32LE(0);
    this.count = body.readUInt32LE(4);
  }

  next(): CallOnWire {
    const body = this.#body;
    const at = this.#at;
    const start = at + 9;
    this.#at = start + body.readUInt32LE(at + 5);
    return {
      kind: body[at] as CallKind,
      target: body.readUInt32LE(at + 1),
      value: body.subarray(start, this.#at),
    };
  }
}

export interface ResultOnWire {
  readonly status: ResultStatus;
  readonly value: Buffer;
}

export interface Results {
  readonly frame: number;
  /** Index in the frame of the first of them. */
  readonly from: number;
  /** What the calls took together, ms. */
  readonly elapsedMs: number;
  /** Resident memory of the worker; 0 where it was not looked at. */
  readonly memoryBytes: number;
  readonly results: readonly ResultOnWire[];
}

const RESULTS_HEADER_BYTES = 28;
const RESULT_HEADER_BYTES = 5;

const MAX_KEPT_BYTES = 1024 ** 2;

/** Gathers results for a message. */
export class ResultWriter {
  writer = new ValueWriter(64 * 1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.writer.length;
  }

  begin(): void {
    // One large result is no reason to keep so much memory.
    if (this.writer.length > MAX_KEPT_BYTES) this.writer = new ValueWriter(64 * 1024);
    this.writer.truncate(0);
    this.#count = 0;
    for (let at = 0; at < RESULTS_HEADER_BYTES; at += 4) this.writer.writeUint32(0);
  }

  /**
   * @returns where the result begins in the message
   * @throws SerializationError when the value cannot cross; then nothing is added
   */
  add(status: ResultStatus, value: unknown, root: string): number {
    const start = this.writer.length;
    this.writer.writeUint32(0);
    this.writer.writeUint8(status);
    try {
      this.writer.writeValue(value, root);
    } catch (error) {
      this.writer.truncate(start);
      throw error;
    }
    this.writer.setUint32(start, this.writer.length - start - RESULT_HEADER_BYTES);
    this.#count += 1;
    return start;
  }

  /** Bytes from there to the end, and the mark that nothing follows: what `readNotes` reads. Valid until the next `add`. */
  noted(start: number, frame: number): Buffer {
    const end = this.writer.length;
    this.writer.writeUint32(endMark(frame));
    const bytes = this.writer.view().subarray(start);
    this.writer.truncate(end);
    return bytes;
  }

  /** The whole message; valid until the next `begin`. */
  finish({ frame, from, elapsedMs, memoryBytes }: Omit<Results, 'results'>): Buffer {
    const body = this.writer.view();
    body.writeUInt32LE(frame, 0);
    body.writeUInt32LE(from, 4);
    body.writeUInt32LE(this.#count, 8);
    body.writeDoubleLE(elapsedMs, 12);
    body.writeDoubleLE(memoryBytes, 20);
    return body;
  }
}

/** @throws RangeError when it is no message of results */
export const readResults = (body: Buffer): Results => {
  const count = body.readUInt32LE(8);
  const elapsedMs = body.readDoubleLE(12);
  if (!(elapsedMs >= 0)) throw new RangeError('no time that anything takes');
  const results: ResultOnWire[] = [];
  let at = RESULTS_HEADER_BYTES;
  for (let index = 0; index < count; index += 1) {
    const start = at + RESULT_HEADER_BYTES;
    const end = start + body.readUInt32LE(at);
    if (end > body.length) throw new RangeError('a result beyond its message');
    results.push({ status: body.readUInt8(at + 4) as ResultStatus, value: body.subarray(start, end) });
    at = end;
  }
  return {
    frame: body.readUInt32LE(0),
    from: body.readUInt32LE(4),
    elapsedMs,
    memoryBytes: body.readDoubleLE(20),
    results,
  };
};

/** Where the notes of a worker begin to mirror its message of results. */
export const NOTES_BYTES = 16;

/** Ends the results that are noted; too long for the length of one. */
const endMark = (frame: number): number => (0x80000000 | (frame & 0x7fffffff)) >>> 0;

/** What a worker notes before it calls anything of a message. */
export interface Progress {
  /** The message whose functions are being loaded, or are. */
  readonly loading: number;
  /** The message whose calls have begun. */
  readonly started: number;
  /** Index of the first call whose result is noted. */
  readonly from: number;
}

/** With the mark that no result is noted yet, which stands where the first will be. */
export const progressBytes = ({ loading, started, from }: Progress): Buffer => {
  const bytes = Buffer.alloc(NOTES_BYTES + RESULTS_HEADER_BYTES + 4);
  bytes.writeUInt32LE(loading, 0);
  bytes.writeUInt32LE(started, 4);
  bytes.writeUInt32LE(from, 8);
  bytes.writeUInt32LE(endMark(started), NOTES_BYTES + RESULTS_HEADER_BYTES);
  return bytes;
};

/**
 * Reads what a worker that is dead has noted.
 *
 * @param bytes all of the notes
 * @returns progress, and the results of the calls from `from` on of the message `started`; empty where the last of
 * them was not noted to its end
 */
export const readNotes = (bytes: Buffer): Progress & { readonly results: readonly ResultOnWire[] } => {
  if (bytes.length < NOTES_BYTES) return { loading: 0, started: 0, from: 0, results: [] };
  const progress = { loading: bytes.readUInt32LE(0), started: bytes.readUInt32LE(4), from: bytes.readUInt32LE(8) };
  const results: ResultOnWire[] = [];
  let at = NOTES_BYTES + RESULTS_HEADER_BYTES;
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    if (length === endMark(progress.started)) return { ...progress, results };
    const start = at + RESULT_HEADER_BYTES;
    if (start + length > bytes.length) break;
    results.push({ status: bytes.readUInt8(at + 4) as ResultStatus, value: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return { ...progress, results: [] };
};
