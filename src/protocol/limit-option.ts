import { ProcctlError } from '../errors.ts';
import { parseDuration } from './duration.ts';
import { LIMIT_NAMES, type LimitName, type ResourceLimit } from './process-spec.ts';
import { show } from './show.ts';
import { parseSize } from './size.ts';
import { didYouMean } from './suggest.ts';

/** Limits on memory and files are sizes, `cpu` is a time in seconds, the others are counted. */
const COUNTED: readonly LimitName[] = ['nofile', 'nproc'];

const HINT = 'write name=SOFT or name=SOFT:HARD, such as nofile=4096, core=unlimited or as=512M:1G';

const parseCount = (text: string, where: string): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new ProcctlError('ERR_USAGE', `${where}: expected a whole number, got ${show(text)}`, { hint: HINT });
};

const parseValue = (name: LimitName, text: string): number | null => {
  if (text === 'unlimited' || text === 'infinity') return null;
  if (COUNTED.includes(name)) return parseCount(text, name);
  return name === 'cpu' ? Math.ceil(parseDuration(text, name) / 1000) : parseSize(text, name);
};

const orUnlimited = (value: number | null): number => value ?? Number.POSITIVE_INFINITY;

/**
 * Reads one `--limit`: `nofile=1024` sets the soft and the hard limit, `nofile=1024:4096` each of them.
 *
 * @returns values as in setrlimit(2): bytes for memory and files, seconds for `cpu`, else a number; null is unlimited
 * @throws ProcctlError ERR_USAGE or ERR_DURATION for an unknown name, a bad value, or a soft limit above the hard one
 */
export const parseLimit = (text: string): { readonly name: LimitName; readonly limit: ResourceLimit } => {
  const [, given = text, soft, hard = soft] = /^([^=]*)=([^:]*)(?::([^:]*))?$/.exec(text) ?? [];
  const name = LIMIT_NAMES.find((known) => known === given);
  if (soft === undefined || hard === undefined) {
    throw new ProcctlError('ERR_USAGE', `expected a limit such as "nofile=4096", got ${show(text)}`, { hint: HINT });
  }
  if (name === undefined) {
    const meant = didYouMean(given, LIMIT_NAMES);
    const message = `unknown limit ${show(given)}${meant === undefined ? '' : `; did you mean ${show(meant)}?`}`;
    throw new ProcctlError('ERR_USAGE', message, { hint: `limits are ${LIMIT_NAMES.join(', ')}` });
  }
  const limit = { soft: parseValue(name, soft), hard: parseValue(name, hard) };
  if (orUnlimited(limit.soft) <= orUnlimited(limit.hard)) return { name, limit };
  throw new ProcctlError('ERR_USAGE', `${name}: the soft limit, ${soft}, is above the hard limit, ${hard}`);
};
