import { readSync, writeSync } from 'node:fs';
import type { Note } from '../protocol/notes.ts';

/** The descriptor of the notes: a file in memory that the host reads when this process is dead. */
const NOTES_FD = 4;

/** Within the first page, for which there is room from the beginning. */
export const writeNote = ({ bytes, at }: Note): void => {
  writeSync(NOTES_FD, bytes, 0, bytes.length, at);
};

/** @returns whether it is noted as a whole: beyond the first page, a memory for files may be full */
export const hasNoted = (bytes: Buffer, at: number): boolean => {
  try {
    return writeSync(NOTES_FD, bytes, 0, bytes.length, at) === bytes.length;
  } catch {
    return false;
  }
};

/** What the host has noted there; 0: nothing yet. */
export const notedNumberAt = (at: number): number => {
  const number = Buffer.alloc(4);
  return readSync(NOTES_FD, number, 0, 4, at) === 4 ? number.readUInt32LE() : 0;
};
