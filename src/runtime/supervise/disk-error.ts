import { ProcctlError } from '../../errors.ts';

/** What is said when a process cannot be made on the disk, or taken off it; an error of ours says it already. */
export const diskError = (error: unknown): ProcctlError =>
  error instanceof ProcctlError
    ? error
    : new ProcctlError('ERR_DISK', `cannot keep the process on disk: ${(error as Error).message}`, {
        hint: 'is the disk full, or read-only?',
        cause: error,
      });
