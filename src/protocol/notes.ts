// The notes that a worker of a pool keeps in a file that both have open. The worker writes what it has done, so that its pool
// can read it when the worker is dead, or too busy to say; the pool writes which calls it wants back.
//
//   0  the last message whose calls are wanted back, those that have not begun (the pool writes it)
//   4  the message whose functions are being loaded, or are
//   8  the message whose calls have begun
//  12  index of the first call of it whose result is noted here
//  16  the message of results as it has been written so far; after the last result stands a mark
import {
  RESULT_HEADER_BYTES,
  RESULTS_HEADER_BYTES,
  type ResultOnWire,
  type ResultStatus,
  type ResultWriter,
} from './calls.ts';

export const REVOKED_AT = 0;
const PROGRESS_AT = 4;
const RESULTS_AT = 16;
/** Of the mark after the last result, in whose place the next one begins. */
export const MARK_BYTES = 4;

/** What a worker notes before it calls anything of a message. */
export interface Progress {
  readonly loading: number;
  readonly started: number;
  readonly from: number;
}

export interface Notes extends Progress {
  /** Of the calls from `from` on of the message `started`. */
  readonly results: readonly ResultOnWire[];
}

/** Bytes, and where in the file they belong. */
export interface Note {
  readonly bytes: Buffer;
  readonly at: number;
}

/** Ends the results that are noted; too long for the length of one. */
const endMark = (frame: number): number => (0x80000000 | (frame & 0x7fffffff)) >>> 0;

/** With the mark that no result is noted yet, which stands where the first will be. */
export const progressNote = ({ loading, started, from }: Progress): Note => {
  const bytes = Buffer.alloc(RESULTS_AT - PROGRESS_AT + RESULTS_HEADER_BYTES + MARK_BYTES);
  bytes.writeUInt32LE(loading, 0);
  bytes.writeUInt32LE(started, 4);
  bytes.writeUInt32LE(from, 8);
  bytes.writeUInt32LE(endMark(started), bytes.length - MARK_BYTES);
  return { bytes, at: PROGRESS_AT };
};

/**
 * The last result that was added to a message, and the mark.
 *
 * @param start where it begins in the message
 * @returns a note that is valid until something else is added
 */
export const resultNote = ({ writer }: ResultWriter, start: number, frame: number): Note => {
  const end = writer.length;
  writer.writeUint32(endMark(frame));
  const bytes = writer.view().subarray(start);
  writer.truncate(end);
  return { bytes, at: RESULTS_AT + start };
};

/**
 * Reads what a worker has noted.
 *
 * @param bytes all of the notes
 * @returns no results where the last of them was not noted to its end
 */
export const readNotes = (bytes: Buffer): Notes => {
  if (bytes.length < RESULTS_AT) return { loading: 0, started: 0, from: 0, results: [] };
  const progress = { loading: bytes.readUInt32LE(4), started: bytes.readUInt32LE(8), from: bytes.readUInt32LE(12) };
  const results: ResultOnWire[] = [];
  let at = RESULTS_AT + RESULTS_HEADER_BYTES;
  while (at + MARK_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    if (length === endMark(progress.started)) return { ...progress, results };
    const start = at + RESULT_HEADER_BYTES;
    if (start + length > bytes.length) break;
    results.push({ status: bytes.readUInt8(at + 4) as ResultStatus, bytes, start, end: start + length });
    at = start + length;
  }
  return { ...progress, results: [] };
};
