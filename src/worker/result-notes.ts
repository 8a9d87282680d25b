import { writeSync } from 'node:fs';
import { MARK_BYTES, type Note } from '../protocol/notes.ts';

/** The descriptor of the notes: a file in memory that the pool reads when this process is dead. */
export const NOTES_FD = 4;

type Write = (bytes: Buffer, at: number) => number;

const toNotes: Write = (bytes, at) => writeSync(NOTES_FD, bytes, 0, bytes.length, at);

/** Notes results as long as there is room for them: a memory for files may be full, beyond the page that the notes have from the beginning. */
export class ResultNotes {
  readonly #write: Write;
  /** There is room up to here. */
  #end = 0;

  /** @param write to be replaced only in tests */
  constructor(write = toNotes) {
    this.#write = write;
  }

  /** @returns whether it is noted; if not, the results before it are, as they were */
  add({ bytes, at }: Note): boolean {
    const end = at + bytes.length;
    if (end > this.#end) {
      // First what comes behind the mark that is there now: without it, nobody could tell what was noted before.
      if (!this.#hasWritten(bytes.subarray(MARK_BYTES), at + MARK_BYTES)) return false;
      this.#end = end;
    }
    return this.#hasWritten(bytes, at);
  }

  #hasWritten(bytes: Buffer, at: number): boolean {
    try {
      return this.#write(bytes, at) === bytes.length;
    } catch {
      return false;
    }
  }
}
