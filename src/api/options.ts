import { ProcctlError } from '../errors.ts';

/** Node fires a timer of more than 2^31 - 1 ms at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

/** What every call that may take a while accepts. */
export interface WaitOptions {
  /** Milliseconds, at least 0. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws ProcctlError ERR_OPTION */
export const parseTimeoutMs = (value: unknown, name = 'timeoutMs'): number | undefined => {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return undefined;
  if (typeof value === 'number' && value >= 0) return Math.min(value, MAX_TIMEOUT_MS);
  throw new ProcctlError('ERR_OPTION', `${name} must be a number of milliseconds of at least 0, got ${shown(value)}`, {
    hint: 'leave it out to wait without a limit',
  });
};

/** @throws ProcctlError ERR_OPTION */
export const parseCount = (value: unknown, name: string): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw new ProcctlError('ERR_OPTION', `${name} must be a whole number of at least 1, got ${shown(value)}`);
};

/** @throws ProcctlError ERR_OPTION */
export const parseList = (value: unknown, name: string): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw new ProcctlError('ERR_OPTION', `${name} must be a list, got ${shown(value)}`);
};
