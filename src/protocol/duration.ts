import { ProcctlError } from '../errors.ts';
import { show } from './show.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_MS = 1_000_000 * UNIT_MS.d;

/** In ms, or NaN when the value is no duration. */
const toMs = (value: string | number): number => {
  if (typeof value === 'number') return value * UNIT_MS.s;
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?$/.exec(value) ?? [];
  return amount === undefined ? Number.NaN : Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
};

/**
 * Reads a duration as people write it on the command line and in files.
 *
 * @param value a bare number is seconds, as in `timeout(1)`; or `300ms`, `1.5s`, `2m`, `1h`, `60d`
 * @param where what the message begins with, such as `--timeout`; absent: nothing
 * @returns whole ms, 0 only for 0; what is shorter than 1 ms counts as 1
 * @throws ProcctlError ERR_DURATION when it is negative, no duration at all, or longer than a million days
 */
export const parseDuration = (value: string | number, where?: string): number => {
  const ms = toMs(value);
  if (ms === 0) return 0; // also for -0
  if (ms > 0 && ms <= MAX_MS) return Math.max(1, Math.round(ms));
  const prefix = where === undefined ? '' : `${where}: `;
  const hint =
    ms > MAX_MS
      ? 'the longest is 1000000d; 0 means no limit'
      : 'a bare number is seconds; the units are ms, s, m, h and d';
  throw new ProcctlError('ERR_DURATION', `${prefix}expected a duration such as "30s", got ${show(value)}`, { hint });
};

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** For people, rounded, at most six characters up to 99 days: `40ms`, `0.4s`, `3.2s`, `1m05s`, `2h03m`, `3d04h`. */
export const formatDuration = (ms: number): string => {
  if (ms < 99.5) return `${Math.max(0, Math.round(ms))}ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)}s`;
  const seconds = Math.round(ms / UNIT_MS.s);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${twoDigits(seconds % 60)}s`;
  const minutes = Math.round(ms / UNIT_MS.m);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h${twoDigits(minutes % 60)}m`;
  const hours = Math.round(ms / UNIT_MS.h);
  return `${Math.floor(hours / 24)}d${twoDigits(hours % 24)}h`;
};
