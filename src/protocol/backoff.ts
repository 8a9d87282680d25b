import type { Backoff } from '../core/backoff.ts';
import { ProcctlError } from '../errors.ts';
import { parseDuration } from './duration.ts';
import { show } from './show.ts';

/**
 * Reads delays that grow: `1s..30s`, or one duration for delays that do not.
 *
 * @param value a bare number is seconds, as for every duration
 * @returns whole ms; both are 0 for `0`, no delay at all
 * @throws ProcctlError ERR_DURATION, or ERR_USAGE when the range begins at 0 or ends before it begins
 */
export const parseBackoff = (value: string | number): Backoff => {
  const [min = '', max = min, ...more] = typeof value === 'number' ? [value] : value.split('..');
  if (more.length > 0) throw badBackoff(`expected a range such as "1s..30s", got ${show(value)}`);
  const backoff = { minMs: parseDuration(min), maxMs: parseDuration(max) };
  if (backoff.minMs > backoff.maxMs) throw badBackoff(`the range ${show(value)} ends before it begins`);
  if (backoff.minMs === 0 && backoff.maxMs > 0)
    throw badBackoff(`the range ${show(value)} begins at 0 and cannot grow`);
  return backoff;
};

const badBackoff = (problem: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', problem, { hint: 'write MIN..MAX, such as 1s..30s' });
