// What a worker of function tasks notes in a file that its host has open as well: so much is known when the worker is dead, or too busy to
// say anything.
//
//   0  number of the last task that is wanted back if it has not begun (the host writes it)
//   4  number of the task that has begun last
//   8  length of the answers that are noted here and have not been sent
//  12  these answers, as frames
import type { Note } from './notes.ts';

export const WANTED_BACK_AT = 0;
const BEGUN_AT = 4;
export const NOTED_ANSWERS_AT = 12;
/** More is sent, and not noted. */
export const MOST_NOTED_BYTES = 64 * 1024;

const uint32 = (value: number, at: number): Note => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return { bytes, at };
};

/** To be written before a task is begun. */
export const begunNote = (number: number): Note => uint32(number, BEGUN_AT);

/** To be written when all answers that it counts are in their place, or have been sent. */
export const answersNote = (number: number, answerBytes: number): Note => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32LE(number, 0);
  bytes.writeUInt32LE(answerBytes, 4);
  return { bytes, at: BEGUN_AT };
};

/** Tasks up to this one that have not begun are somebody else's from now on. */
export const wantedBackNote = (number: number): Note => uint32(number, WANTED_BACK_AT);

export interface TaskNotes {
  /** The task that has begun last; 0: none. */
  readonly begun: number;
  readonly answers: Buffer;
}

/** @param bytes all of the notes */
export const readTaskNotes = (bytes: Buffer): TaskNotes => {
  if (bytes.length < NOTED_ANSWERS_AT) {
    const begun = bytes.length >= BEGUN_AT + 4 ? bytes.readUInt32LE(BEGUN_AT) : 0;
    return { begun, answers: Buffer.alloc(0) };
  }
  const end = NOTED_ANSWERS_AT + bytes.readUInt32LE(BEGUN_AT + 4);
  return { begun: bytes.readUInt32LE(BEGUN_AT), answers: bytes.subarray(NOTED_ANSWERS_AT, end) };
};
