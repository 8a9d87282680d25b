import { formatDuration } from '../protocol/duration.ts';
import { ceilToSecond } from './elapsed.ts';

const UNITS = ['K', 'M', 'G', 'T', 'P'];

/** A size in at most five characters, in units of 1024: `640K`, `41M`, `1.2G`. @param bytes at least 0 */
export const bytesText = (bytes: number): string => {
  let value = bytes / 1024;
  let unit = 0;
  // What would be rounded to 1024 is one of the next unit.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${digits}${UNITS[unit]}`;
};

/** A share of a whole: 0.034 is `3%`. */
export const shareText = (share: number): string => `${Math.round(share * 100)}%`;

/** A time still to go, in whole seconds: `4s`, `1m05s`. */
export const timeLeftText = (ms: number): string =>
  ms <= 0 ? '0s' : formatDuration(ceilToSecond(ms)).replace('.0s', 's');

/** A time somebody has set, exactly, as they would write it: `500ms`, `1.5s`, `60s`, `5m`. */
export const settingText = (ms: number): string => {
  if (ms > 0 && ms < 1_000) return `${ms}ms`;
  for (const [unit, unitMs] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const) {
    if (ms >= 2 * unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms / 1_000}s`;
};
