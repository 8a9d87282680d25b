const NEWLINE = 10;

/** The last lines of what is written, in bounded memory. */
export class LastLines {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  #tail: Uint8Array = new Uint8Array(0);
  #isCut = false;

  /** @param maxBytes what is kept at the most: of a longer line the end */
  constructor(maxLines: number, maxBytes: number) {
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    const added = chunk.subarray(-this.#maxBytes);
    const kept = this.#tail.subarray(Math.max(0, this.#tail.length + added.length - this.#maxBytes));
    this.#isCut ||= this.#tail.length + chunk.length > this.#maxBytes;
    const tail = new Uint8Array(kept.length + added.length);
    tail.set(kept);
    tail.set(added, kept.length);
    this.#tail = tail;
  }

  clear(): void {
    this.#tail = new Uint8Array(0);
    this.#isCut = false;
  }

  /** Oldest first, without their ends; a line that begins before what was kept begins with `…`. */
  lines(decode: (bytes: Uint8Array) => string): string[] {
    const lines: string[] = [];
    let end = this.#tail.at(-1) === NEWLINE ? this.#tail.length - 1 : this.#tail.length;
    while (end >= 0 && this.#tail.length > 0 && lines.length < this.#maxLines) {
      const start = end === 0 ? 0 : this.#tail.lastIndexOf(NEWLINE, end - 1) + 1;
      const isWhole = start > 0 || !this.#isCut;
      lines.unshift(`${isWhole ? '' : '…'}${decode(this.#tail.subarray(start, end))}`);
      end = start - 1;
    }
    return lines;
  }
}
