import type { Writable } from 'node:stream';

const ignore = (): void => {};

/**
 * Writes to a stream of the program whose library this is. As with `console.log`, a reader that has gone is that program's business, and
 * no error that it did not expect.
 */
export const writeOwn = (stream: Writable, chunk: Buffer): void => {
  stream.write(chunk, (error) => {
    if (error != null && stream.listenerCount('error') === 0) stream.once('error', ignore);
  });
};
