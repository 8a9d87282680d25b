import { MARK_BYTES, type Note } from '../protocol/notes.ts';
import { hasNoted } from './notes.ts';

/** Notes results as long as there is room for them: a memory for files may be full, beyond the page that the notes have from the beginning. */
export class ResultNotes {
  readonly #hasNoted: typeof hasNoted;
  /** There is room up to here. */
  #end = 0;

  /** @param note to be replaced only in tests */
  constructor(note = hasNoted) {
    this.#hasNoted = note;
  }

  /** @returns whether it is noted; if not, the results before it are, as they were */
  add({ bytes, at }: Note): boolean {
    const end = at + bytes.length;
    if (end > this.#end) {
      // First what comes behind the mark that is there now: without it, nobody could tell what was noted before.
      if (!this.#hasNoted(bytes.subarray(MARK_BYTES), at + MARK_BYTES)) return false;
      this.#end = end;
    }
    return this.#hasNoted(bytes, at);
  }
}
