import { writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Bytes of the last words that are kept. */
const KEPT_BYTES = 4096;

const STDERR_FD = 2;

/** Not by `process.stderr`: that raises an error nobody catches when its reader has gone away. */
const passOn = (chunk: Buffer): void => {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let done = 0; done < chunk.length; ) {
    try {
      done += writeSync(STDERR_FD, chunk, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
};

/** Passes on to standard error what a process writes, and keeps the last of it. */
export class Tail {
  readonly closed: Promise<void>;
  #kept: Buffer = Buffer.alloc(0);

  constructor(from: Readable & { unref?(): void }) {
    this.closed = new Promise((resolve) => from.once('close', resolve));
    from.on('data', (chunk: Buffer) => {
      passOn(chunk);
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
