import { ProcctlError } from '../../errors.ts';

/** More at a time than this is a slip of the finger: no process table would hold it. */
export const MAX_POOL_SIZE = 10_000;

const SIZE = /^(?<sign>[+-]?)(?<number>\d+)(?<percent>%?)$/;

/**
 * Reads how many tasks may run at a time: `4`, `50%` of the CPUs (rounded), `+1` or `-1` (more or fewer than the
 * CPUs). What is relative to the CPUs comes to at least 1.
 *
 * @param cpus how many CPUs there are, at least 1
 * @returns a whole number, 1..MAX_POOL_SIZE
 * @throws ProcctlError ERR_POOL_SIZE for anything else, `0` and `0%` included
 */
export const parsePoolSize = (text: string, cpus: number): number => {
  const parts = SIZE.exec(text)?.groups;
  const sign = parts?.sign;
  const isPercent = parts?.percent === '%';
  const number = Number(parts?.number);
  const isSense = parts !== undefined && (sign === '' ? number > 0 : !isPercent);
  if (!isSense) throw badSize('pool size must be a whole number of at least 1', text);
  const size = sizeOf(number, { sign: sign as '' | '+' | '-', isPercent, cpus });
  if (size > MAX_POOL_SIZE) throw badSize(`pool size must be at most ${MAX_POOL_SIZE}`, text);
  return size;
};

const sizeOf = (number: number, as: { sign: '' | '+' | '-'; isPercent: boolean; cpus: number }): number => {
  if (as.isPercent) return Math.max(1, Math.round((as.cpus * number) / 100));
  if (as.sign === '+') return as.cpus + number;
  if (as.sign === '-') return Math.max(1, as.cpus - number);
  return number;
};

const badSize = (expected: string, got: string): ProcctlError =>
  new ProcctlError('ERR_POOL_SIZE', `${expected}, got ${JSON.stringify(got)}`, {
    hint: 'give a number (4), a share of the CPUs (50%) or a difference from them (+1, -1); leave it out for one per CPU',
  });
