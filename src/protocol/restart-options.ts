import { ProcctlError } from '../errors.ts';
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
 * Reads `--max-restarts`: a whole number, or `unlimited`.
 *
 * @throws ProcctlError ERR_USAGE for anything else
 */
export const parseMaxRestarts = (text: string): number | 'unlimited' => {
  if (text === 'unlimited') return text;
  if (/^\d{1,7}$/.test(text) && Number(text) <= 1_000_000) return Number(text);
  throw new ProcctlError('ERR_USAGE', `expected a whole number up to 1000000 or "unlimited", got ${show(text)}`);
};
