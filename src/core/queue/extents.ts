/** Pieces are whole pages. */
const PAGE_BYTES = 4096;

interface Extent {
  readonly offset: number;
  readonly length: number;
}

const wholePages = (length: number): number => Math.ceil(length / PAGE_BYTES) * PAGE_BYTES;

/** Which pieces of a file are in use: first fit from the start, so that the file stays small and warm in the cache. */
export class Extents {
  readonly #maxBytes: number;
  #end = 0;
  /** By offset; no two touch. */
  #free: Extent[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the offset of the piece; undefined when there is no room */
  take(length: number): number | undefined {
    const needed = wholePages(length);
    const index = this.#free.findIndex((extent) => extent.length >= needed);
    const found = this.#free[index];
    if (found !== undefined) {
      const rest = { offset: found.offset + needed, length: found.length - needed };
      this.#free.splice(index, 1, ...(rest.length > 0 ? [rest] : []));
      return found.offset;
    }
    if (this.#end + needed > this.#maxBytes) return undefined;
    const offset = this.#end;
    this.#end += needed;
    return offset;
  }

  /** @param offset of a piece in use, with the length it was taken with */
  free(offset: number, length: number): void {
    const freed = { offset, length: wholePages(length) };
    const index = this.#free.findIndex((extent) => extent.offset > offset);
    const at = index === -1 ? this.#free.length : index;
    const before = this.#free[at - 1];
    const after = this.#free[at];
    const joinsBefore = before !== undefined && before.offset + before.length === offset;
    const joinsAfter = after !== undefined && offset + freed.length === after.offset;
    const start = joinsBefore ? before.offset : offset;
    const end = joinsAfter ? after.offset + after.length : offset + freed.length;
    this.#free.splice(at - (joinsBefore ? 1 : 0), (joinsBefore ? 1 : 0) + (joinsAfter ? 1 : 0), {
      offset: start,
      length: end - start,
    });
    const last = this.#free.at(-1);
    if (last !== undefined && last.offset + last.length === this.#end) {
      this.#end = last.offset;
      this.#free.pop();
    }
  }
}
