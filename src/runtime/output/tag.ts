const NEWLINE = 10;

/** Puts a prefix in front of every line of a stream that comes in chunks. */
export class LineTagger {
  readonly #prefix: Buffer;
  #isAtStart = true;

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix);
  }

  tag(chunk: Buffer): Buffer {
    const pieces: Buffer[] = [];
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline === -1 ? chunk.length : newline + 1;
      if (this.#isAtStart) pieces.push(this.#prefix);
      pieces.push(chunk.subarray(from, end));
      this.#isAtStart = newline !== -1;
      from = end;
    }
    return Buffer.concat(pieces);
  }
}

export function* tagged(chunks: Iterable<Buffer>, prefix: string): Generator<Buffer> {
  const tagger = new LineTagger(prefix);
  for (const chunk of chunks) yield tagger.tag(chunk);
}
