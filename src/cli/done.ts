import { ProcctlError } from '../errors.ts';
import type { Done } from '../protocol/rpc.ts';

/** What could not be done, as the error it was in the daemon. */
export const asError = ({ code, message, hint }: NonNullable<Done['problem']>): ProcctlError =>
  new ProcctlError(code, message, hint === undefined ? {} : { hint });

/** `1 process`, `3 processes`. */
export const countOf = (count: number): string => `${count} process${count === 1 ? '' : 'es'}`;
