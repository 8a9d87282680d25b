// Messages of calls and of their results, between a pool and its workers.
import { type ValueAt, ValueWriter } from './values/codec.ts';
import type { RestoreHandle } from './values/handle.ts';

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

export interface ResultOnWire extends ValueAt {
  readonly status: ResultStatus;
  /** Makes handles of what came from where not every one is believed; absent: as always. */
  readonly restore?: RestoreHandle;
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

export const RESULTS_HEADER_BYTES = 28;
export const RESULT_HEADER_BYTES = 5;

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
    results.push({ status: body.readUInt8(at + 4) as ResultStatus, bytes: body, start, end });
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
