import { writeSync } from 'node:fs';
import type { ProcctlError } from '../errors.ts';

/** Each bundle has a copy of the class, so `instanceof` would miss what another bundle threw. */
export const isOurs = (error: unknown): error is ProcctlError =>
  error instanceof Error && error.name === 'ProcctlError' && 'exitStatus' in error;

const textOf = (error: unknown): string => {
  if (isOurs(error)) return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  if (!(error instanceof Error)) return `internal error: ${String(error)}`;
  return `internal error: ${process.env.PROCCTL_DEBUG === undefined ? error.message : error.stack}`;
};

/** Says one line on standard error. Nobody may be there to hear it. */
export const say = (line: string): void => {
  try {
    writeSync(2, `procctl: ${line}\n`);
  } catch {
    // Standard error is closed or full: the exit status has to say it.
  }
};

/** Says on standard error, in one line, what went wrong. */
export const tell = (error: unknown): void => say(textOf(error));
