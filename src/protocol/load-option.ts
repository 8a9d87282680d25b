import { ProcctlError } from '../errors.ts';
import { show } from './show.ts';

/**
 * Reads the limit of `--load`: threads (`4`, `2.5`), or a share of the CPUs (`150%`).
 *
 * @param cpus at least 1
 * @returns threads, above 0
 * @throws ProcctlError ERR_USAGE
 */
export const parseLoad = (text: string, cpus: number): number => {
  const [, number, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text) ?? [];
  const value = percent === '%' ? (cpus * Number(number)) / 100 : Number(number);
  if (value > 0 && value <= 1_000_000) return value;
  throw new ProcctlError('ERR_USAGE', `expected a load above 0, such as "4" or "80%", got ${show(text)}`, {
    hint: 'a number of threads that run or want to, or a share of the CPUs',
  });
};
