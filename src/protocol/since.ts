import { ProcctlError } from '../errors.ts';
import { parseDuration } from './duration.ts';
import { show } from './show.ts';

const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Wall clock, ms, or NaN. Without a zone it is local time. */
const isoToMs = (text: string): number => {
  const [, date, time = '00:00', zone = ''] = ISO_TIME.exec(text) ?? [];
  const colonZone = zone.replace(/^(.\d{2})(\d{2})$/, '$1:$2').toUpperCase();
  return date === undefined ? Number.NaN : Date.parse(`${date}T${time.replace(',', '.')}${colonZone}`);
};

/**
 * Reads a time that is over: `10m` (so long before `nowMs`; a bare number is seconds), `2026-11-22`,
 * `2026-11-22T19:18`, `2026-11-22 19:18:51.123+01:00`; without a zone in local time.
 *
 * @returns wall clock, ms since 1970
 * @throws ProcctlError ERR_USAGE when it is neither a duration nor a time
 */
export const parseSince = (text: string, nowMs: number): number => {
  const at = isoToMs(text);
  if (!Number.isNaN(at)) return at;
  try {
    return nowMs - parseDuration(text);
  } catch (cause) {
    throw new ProcctlError('ERR_USAGE', `expected a duration such as "10m" or a time, got ${show(text)}`, {
      hint: 'a time is "2026-11-22" or "2026-11-22T19:18:51", with "Z" at its end for UTC',
      cause,
    });
  }
};
