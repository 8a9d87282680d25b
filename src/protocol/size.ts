import { ProcctlError } from '../errors.ts';
import { show } from './show.ts';

const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/**
 * Reads a size in bytes: `4096`, `512k`, `10M`, `1.5G`, `2T`. Units are binary, as those of GNU tools without a B:
 * 1k is 1024 bytes. `10MB` and `10MiB` mean the same as `10M`; capitals do not count.
 *
 * @param where what the message begins with, such as `--log-max-size`; absent: nothing
 * @returns whole bytes, rounded
 * @throws ProcctlError ERR_USAGE when it is no size, or too large to be counted exactly
 */
export const parseSize = (text: string, where?: string): number => {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?|\.\d+)(?:([kmgt])i?b?|b)?$/i.exec(text) ?? [];
  const bytes = Math.round(Number(amount) * UNITS[unit.toLowerCase() as keyof typeof UNITS]);
  if (Number.isSafeInteger(bytes)) return bytes;
  const prefix = where === undefined ? '' : `${where}: `;
  throw new ProcctlError('ERR_USAGE', `${prefix}expected a size such as "10M", got ${show(text)}`, {
    hint: 'a bare number is bytes; the units are k, M, G and T, each 1024 times the one before',
  });
};
