/** How the input of tasks is cut. */
export interface BlockRules {
  /** What ends a record; not empty. */
  readonly separator: Uint8Array;
  /** At most this many bytes in a block, unless a single record is longer. */
  readonly maxBytes: number;
  /** At most this many records in a block. */
  readonly maxRecords: number;
}

/**
 * Cuts bytes that arrive in chunks into blocks of whole records. A block has as many as fit; a record is never cut, and one
 * that is longer than a block is a block of its own. The blocks, one after the other, are the input byte for byte.
 */
export class BlockSplitter {
  readonly #rules: BlockRules;
  #held: Buffer = Buffer.alloc(0);
  #used = 0;
  /** Behind the last whole record of the block that is being gathered; records counted so far. */
  #wholeTo = 0;
  #records = 0;
  /** From here on, no separator has been looked for. */
  #searched = 0;

  constructor(rules: BlockRules) {
    this.#rules = rules;
  }

  /** The blocks that are whole with this chunk. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#append(chunk);
    for (let end = this.#nextEnd(); end !== -1; end = this.#nextEnd()) {
      if (end > this.#rules.maxBytes && this.#records > 0) yield this.#cut(this.#wholeTo);
      else {
        this.#wholeTo = end;
        this.#searched = end;
        this.#records += 1;
        if (this.#records >= this.#rules.maxRecords || end >= this.#rules.maxBytes) yield this.#cut(end);
      }
    }
    if (this.#used > this.#rules.maxBytes && this.#records > 0) yield this.#cut(this.#wholeTo);
  }

  /** What is left, the last record perhaps without an end. */
  *end(): Generator<Uint8Array> {
    if (this.#used > this.#rules.maxBytes && this.#records > 0) yield this.#cut(this.#wholeTo);
    if (this.#used > 0) yield this.#cut(this.#used);
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#used + chunk.length;
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#held.length));
      this.#held.copy(grown, 0, 0, this.#used);
      this.#held = grown;
    }
    this.#held.set(chunk, this.#used);
    this.#used = needed;
  }

  /** Where the next record ends, or -1: what is held so far has no more ends. */
  #nextEnd(): number {
    const { separator } = this.#rules;
    const at = this.#held.subarray(0, this.#used).indexOf(separator, this.#searched);
    if (at !== -1) return at + separator.length;
    // The separator may have come in part.
    this.#searched = Math.max(this.#searched, this.#wholeTo, this.#used - separator.length + 1);
    return -1;
  }

  #cut(end: number): Uint8Array {
    const block = Uint8Array.prototype.slice.call(this.#held, 0, end);
    this.#held.copy(this.#held, 0, end, this.#used);
    this.#used -= end;
    this.#wholeTo = 0;
    this.#records = 0;
    this.#searched = Math.max(0, this.#searched - end);
    return block;
  }
}
