const FIRST_BYTES = 4 * 1024;

/**
 * Gathers the bytes of one line that comes in pieces, in one piece of memory of its own: what the pieces were read into is free at
 * once, and a large line leaves no holes behind.
 */
export class LineBuffer {
  #memory: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const needed = this.#length + piece.length;
    if (this.#memory === undefined || this.#memory.length < needed) {
      let size = this.#memory?.length ?? FIRST_BYTES;
      while (size < needed) size *= 2;
      const larger = Buffer.allocUnsafeSlow(size);
      this.#memory?.copy(larger, 0, 0, this.#length);
      this.#memory = larger;
    }
    piece.copy(this.#memory, this.#length);
    this.#length = needed;
  }

  /** What was gathered, and after it `end`; begins anew. */
  take(end: Buffer): string {
    if (this.#memory === undefined) return end.toString('utf8');
    this.add(end);
    const text = this.#memory.toString('utf8', 0, this.#length);
    this.clear();
    return text;
  }

  clear(): void {
    this.#memory = undefined;
    this.#length = 0;
  }
}
