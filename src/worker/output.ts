import { Writable } from 'node:stream';

/**
 * Makes standard output and error write at once, and wait where a pipe is full, from their first use on. A stream that
 * nobody has asked for is not made.
 */
export class StandardOutput {
  readonly #used = new Set<Writable>();

  constructor() {
    this.#watch('stdout');
    this.#watch('stderr');
  }

  /** Resolves when the kernel has all that was written; undefined where it has it already. */
  flushed(): Promise<unknown> | undefined {
    const behind = [...this.#used].filter((stream) => stream.writableLength > 0 && stream.writable);
    if (behind.length === 0) return undefined;
    // Not the stream's own `write`, which somebody may have replaced.
    const flush = (stream: Writable): Promise<void> =>
      new Promise((resolve) => {
        stream.once('close', resolve);
        Writable.prototype.write.call(stream, '', 'utf8', () => {
          stream.off('close', resolve);
          resolve();
        });
      });
    return Promise.all(behind.map(flush));
  }

  #watch(name: 'stdout' | 'stderr'): void {
    const property = Object.getOwnPropertyDescriptor(process, name);
    const { get } = property ?? {};
    if (get === undefined) return;
    const used = this.#used;
    Object.defineProperty(process, name, {
      ...property,
      get() {
        const stream = get.call(process) as Writable & { readonly _handle?: { setBlocking?(on: boolean): unknown } };
        if (!used.has(stream)) {
          used.add(stream);
          // Else Node keeps what a full pipe does not take, and `process.exit` loses it.
          stream._handle?.setBlocking?.(true);
        }
        return stream;
      },
    });
  }
}
