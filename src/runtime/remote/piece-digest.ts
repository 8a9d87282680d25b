import { createHash } from 'node:crypto';

/** SHA-256 over pieces of output in their order: of each its letter, how many bytes it has (decimal), a line feed, and the bytes. */
export class PieceDigest {
  readonly #hash = createHash('sha256');

  add(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.#hash.update(`${stream === 'stdout' ? 'o' : 'e'}${chunk.length}\n`).update(chunk);
  }

  /** Of all so far; more may be added. */
  get hex(): string {
    return this.#hash.copy().digest('hex');
  }
}
