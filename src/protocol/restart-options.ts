import { ProcctlError } from '../errors.ts';
import { parseDuration } from './duration.ts';
import { show } from './show.ts';

/**
 * Reads `--ok-exit-codes`: codes that are no failure, with commas between them.
 *
 * @returns 0..255, sorted, each once; 0 is always among them
 * @throws ProcctlError ERR_USAGE for anything else, names of signals included: such an end has no exit code
 */
export const parseOkExitCodes = (text: string): number[] => {
  const codes = text.split(',').map((word) => (/^\d{1,3}$/.test(word.trim()) ? Number(word) : Number.NaN));
  if (codes.every((code) => code <= 255)) return [...new Set([0, ...codes])].sort((a, b) => a - b);
  throw new ProcctlError('ERR_USAGE', `expected exit codes such as "0,3", got ${show(text)}`, {
    hint: 'whole numbers from 0 to 255, with commas between them; an end by a signal has no exit code',
  });
};

/**
 * Reads `--backoff`: `1s..30s`, or one duration for delays that do not grow.
 *
 * @returns whole ms; both are 0 for `0`, a restart at once every time
 * @throws ProcctlError ERR_DURATION, or ERR_USAGE when the range begins at 0 or ends before it begins
 */
export const parseBackoff = (text: string): { readonly minMs: number; readonly maxMs: number } => {
  const [min = '', max = min, ...more] = text.split('..');
  if (more.length > 0) throw badBackoff(`expected a range such as "1s..30s", got ${show(text)}`);
  const backoff = { minMs: parseDuration(min), maxMs: parseDuration(max) };
  if (backoff.minMs > backoff.maxMs) throw badBackoff(`the range ${show(text)} ends before it begins`);
  if (backoff.minMs === 0 && backoff.maxMs > 0) throw badBackoff(`the range ${show(text)} begins at 0 and cannot grow`);
  return backoff;
};

const badBackoff = (problem: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', problem, { hint: 'write MIN..MAX, such as 1s..30s' });

/**
 * Reads `--max-restarts`: a whole number, or `unlimited`.
 *
 * @throws ProcctlError ERR_USAGE for anything else
 */
export const parseMaxRestarts = (text: string): number | 'unlimited' => {
  if (text === 'unlimited') return text;
  if (/^\d{1,7}$/.test(text) && Number(text) <= 1_000_000) return Number(text);
  throw new ProcctlError('ERR_USAGE', `expected a whole number up to 1000000 or "unlimited", got ${show(text)}`);
};
