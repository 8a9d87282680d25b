import { InvalidArgumentError } from 'commander';
import { ProcctlError } from '../errors.ts';
import { parseDuration } from '../protocol/duration.ts';
import { show } from '../protocol/show.ts';

/** Makes a parser's ProcctlError the command line's own complaint, which names the option. */
const forOption =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof ProcctlError)) throw error;
      throw new InvalidArgumentError(error.hint === undefined ? error.message : `${error.message} (${error.hint})`);
    }
  };

export const durationOption = forOption((text: string): number => parseDuration(text));

export const checkedOption = forOption;

/** A whole number from `min` to `max`. */
export const numberFrom = (min: number, max: number): ((text: string) => number) =>
  forOption((text: string): number => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    throw new ProcctlError('ERR_USAGE', `expected a whole number from ${min} to ${max}, got ${show(text)}`);
  });

export const wholeNumberOption = forOption((text: string): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 1_000_000) return value;
  throw new ProcctlError('ERR_USAGE', `expected a whole number from 0 to 1000000, got "${text}"`);
});
