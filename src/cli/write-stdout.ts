import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcctlError } from '../errors.ts';
import { isReaderGone } from './reader-gone.ts';

export { READER_GONE } from './reader-gone.ts';

const STDOUT = 1;
const AGAIN_MS = 5;

const writeOnce = (bytes: Buffer, from: number): Promise<number> =>
  new Promise((resolve, reject) => {
    write(STDOUT, bytes, from, bytes.length - from, null, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });

/**
 * Writes to standard output, and waits until all is taken. Not by `process.stdout`, which blocks on a full pipe, so that
 * no signal is heard, and takes longer to load than a list of processes to print.
 *
 * @returns false when the reader has gone away, as `| head` does
 * @throws ProcctlError ERR_RUNTIME when it cannot be written for another reason
 */
export const writeStdout = async (text: string | Buffer): Promise<boolean> => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += await writeOnce(bytes, done);
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (isReaderGone(cause)) return false;
      // Somebody who shares the descriptor made it non-blocking.
      if (cause.code === 'EAGAIN') await sleep(AGAIN_MS);
      else throw new ProcctlError('ERR_RUNTIME', `cannot write the output: ${cause.message}`, { cause });
    }
  }
  return true;
};
