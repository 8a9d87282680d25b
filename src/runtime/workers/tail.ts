import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Bytes of the last words that are kept. */
const KEPT_BYTES = 4096;

/** Passes on what a process writes, and keeps the last of it. */
export class Tail {
  readonly closed: Promise<void>;
  #kept: Buffer = Buffer.alloc(0);

  constructor(from: Readable & { unref?(): void }, to: Writable) {
    this.closed = new Promise((resolve) => from.once('close', resolve));
    from.on('data', (chunk: Buffer) => {
      to.write(chunk);
      this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-KEPT_BYTES);
    });
    from.on('error', () => {});
    from.unref?.();
  }

  get text(): string {
    // A character that was cut in two at the front is left out.
    let start = 0;
    while (start < Math.min(3, this.#kept.length) && ((this.#kept[start] as number) & 0xc0) === 0x80) start += 1;
    return new StringDecoder('utf8').end(this.#kept.subarray(start));
  }
}
