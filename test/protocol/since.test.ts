import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { parseSince } from '../../src/protocol/since.ts';

const NOW = Date.parse('2026-11-22T19:18:51.123Z');
const since = (text: string): string => new Date(parseSince(text, NOW)).toISOString();

describe('the time since when lines are wanted', () => {
  it.each([
    ['10m', '2026-11-22T19:08:51.123Z'],
    ['1.5s', '2026-11-22T19:18:49.623Z'],
    ['30', '2026-11-22T19:18:21.123Z'],
    ['0', '2026-11-22T19:18:51.123Z'],
    ['2026-11-22T19:18:51.123Z', '2026-11-22T19:18:51.123Z'],
    ['2026-11-22 19:18z', '2026-11-22T19:18:00.000Z'],
    ['2026-11-22T20:18:51,123+01:00', '2026-11-22T19:18:51.123Z'],
    ['2026-11-22T20:18:51+0100', '2026-11-22T19:18:51.000Z'],
  ])('%s is %s', (text, expected) => expect(since(text)).toBe(expected));

  it('without a zone is local, a day too', () => {
    expect(parseSince('2026-11-22T19:18', NOW)).toBe(new Date(2026, 10, 22, 19, 18).getTime());
    expect(parseSince('2026-11-22', NOW)).toBe(new Date(2026, 10, 22).getTime());
  });
  it('is what Date gives back, for any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
        expect(parseSince(new Date(ms).toISOString(), NOW)).toBe(ms);
      }),
    );
  });
  it.each(['', 'yesterday', '-5m', '2026-13-01', '2026-11-22T25:00Z', '22.11.2026', '2026-11-22T19:18+1'])(
    'cannot be %j',
    (text) => {
      expect(() => parseSince(text, NOW)).toThrow(ProcctlError);
      expect(() => parseSince(text, NOW)).toThrow(/^expected a duration such as "10m" or a time, got "/);
    },
  );
});
