import type { TimeLimit } from '../core/pool/time-limit.ts';
import { ProcctlError } from '../errors.ts';
import { parseDuration } from './duration.ts';
import { show } from './show.ts';

const MAX_PERCENT = 1_000_000;

/**
 * Reads the limit of `--timeout`: a duration, or a percentage of the median (`200%`).
 *
 * @throws ProcctlError ERR_DURATION for anything else, and for `0%`
 */
export const parseTimeLimit = (text: string): TimeLimit => {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent === undefined) return { kind: 'fixed', ms: parseDuration(text) };
  const value = Number(percent);
  if (value > 0 && value <= MAX_PERCENT) return { kind: 'median', percent: value };
  throw new ProcctlError('ERR_DURATION', `expected a percentage above 0 and up to ${MAX_PERCENT}%, got ${show(text)}`, {
    hint: '200% is twice the median of the tasks that have succeeded',
  });
};
