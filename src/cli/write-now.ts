import { writeSync } from 'node:fs';
import { isReaderGone } from './reader-gone.ts';

const STDOUT = 1;

/**
 * Writes to standard output the last that a short command has to do. It blocks on a full pipe, as any small program would: signals
 * that nobody listens to end it all the same. A thread of libuv would take longer to start than most of this takes to write.
 *
 * @returns false when the reader has gone away, as `| head` does
 * @throws ProcctlError ERR_RUNTIME when it cannot be written for another reason
 */
export const writeNow = async (text: string): Promise<boolean> => {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(STDOUT, bytes, done);
    } catch (error) {
      if (isReaderGone(error as NodeJS.ErrnoException)) return false;
      // Non-blocking, by somebody who shares the descriptor; or an error, which then has to come again.
      return (await import('./write-stdout.lazy.ts')).writeStdout(bytes.subarray(done));
    }
  }
  return true;
};
