import { writeSync } from 'node:fs';
import { ProcctlError } from '../errors.ts';

const textOf = (error: unknown): string => {
  if (error instanceof ProcctlError)
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  if (!(error instanceof Error)) return `internal error: ${String(error)}`;
  return `internal error: ${process.env.PROCCTL_DEBUG === undefined ? error.message : error.stack}`;
};

/** Says on standard error, in one line, what went wrong. Nobody may be there to hear it. */
export const tell = (error: unknown): void => {
  try {
    writeSync(2, `procctl: ${textOf(error)}\n`);
  } catch {
    // Standard error is closed or full: the exit status has to say it.
  }
};
