import { isUtf8 } from 'node:buffer';

const NEWLINE = 10;

/** Longer than any line that procctl writes (a task may have an id of 64 MiB), and V8 can hold it. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** What stands for a line that is not text, or too long to be a record: it is no JSON. */
const UNREADABLE = '\0';

const textOf = (bytes: Buffer): string => (isUtf8(bytes) ? bytes.toString('utf8') : UNREADABLE);

/** Cuts bytes into lines, however they come in pieces. */
export class LineCutter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isTooLong = false;

  /** @returns the lines that have come to their end, without their newlines */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      lines.push(this.#take(chunk.subarray(from, at)));
      from = at + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    return lines;
  }

  /** @returns what stands behind the last newline; '' when nothing does */
  end(): string {
    return this.#take(Buffer.alloc(0));
  }

  #hold(piece: Buffer): void {
    this.#heldBytes += piece.length;
    if (this.#heldBytes > MAX_LINE_BYTES) {
      this.#isTooLong = true;
      this.#held = [];
    } else {
      this.#held.push(Buffer.from(piece)); // the chunk will be read into again
    }
  }

  #take(last: Buffer): string {
    const isTooLong = this.#isTooLong;
    const bytes = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    this.#isTooLong = false;
    return isTooLong ? UNREADABLE : textOf(bytes);
  }
}
