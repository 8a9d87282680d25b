import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { formatDuration, parseDuration } from '../../src/protocol/duration.ts';

const refusal = (value: string | number, where?: string): ProcctlError => {
  try {
    parseDuration(value, where);
  } catch (error) {
    if (error instanceof ProcctlError) return error;
  }
  throw new Error(`${value} was not refused`);
};

describe('a duration that people write', () => {
  it.each([
    [30, 30_000],
    ['30', 30_000],
    [1.5, 1_500],
    ['300ms', 300],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['60d', 5_184_000_000],
    ['1000000d', 86_400_000_000_000],
    ['1.005s', 1_005],
    ['0.07', 70],
  ])('reads %j as %d ms', (value, ms) => expect(parseDuration(value)).toBe(ms));

  it.each([0, -0, '0', '0s', '0ms', '0.0d'])('takes %j for no time at all', (value) => {
    expect(parseDuration(value)).toBe(0);
  });

  it.each([0.0001, '0.1ms', '0.0000001s', 5e-324])('rounds %j up to 1 ms, since only 0 means none', (value) => {
    expect(parseDuration(value)).toBe(1);
  });

  it.each([
    '',
    ' ',
    'soon',
    '-1',
    '-1s',
    '+1',
    '1 s',
    '5 min',
    '1M',
    '1S',
    '1m30s',
    '1e3',
    '0x10',
    'Infinity',
    'NaN',
    '1.s',
    '.',
    '1.2.3s',
    '30s\n',
    '٣s',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    '1000001d',
    1e300,
  ])('refuses %j', (value) => {
    const error = refusal(value);
    expect(error.code).toBe('ERR_DURATION');
    expect(error.message).toMatch(/^expected a duration such as "30s", got \S/);
  });

  it('is refused in one sentence, after the place it came from', () => {
    expect(refusal('soon').message).toBe('expected a duration such as "30s", got "soon"');
    expect(refusal('soon', '--timeout').message).toBe('--timeout: expected a duration such as "30s", got "soon"');
    expect(refusal('5 min').hint).toBe('a bare number is seconds; the units are ms, s, m, h and d');
    expect(refusal('2000000d').hint).toBe('the longest is 1000000d; 0 means no limit');
  });

  it('is shown without raw control characters', () => {
    expect(refusal('\x1b[31m\n').message).toBe('expected a duration such as "30s", got "\\u001b[31m\\n"');
  });

  it('is always whole ms, or refused', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 8.64e10, noNaN: true }), (seconds) => {
        const ms = parseDuration(seconds);
        expect(Number.isInteger(ms) && ms >= 0 && (ms > 0 || seconds === 0)).toBe(true);
      }),
    );
  });
});

describe('a duration shown to people', () => {
  it.each([
    [-5, '0ms'],
    [0, '0ms'],
    [40, '40ms'],
    [99.6, '0.1s'],
    [400, '0.4s'],
    [3_240, '3.2s'],
    [59_940, '59.9s'],
    [59_960, '1m00s'],
    [65_000, '1m05s'],
    [3_599_600, '1h00m'],
    [7_380_000, '2h03m'],
    [86_390_000, '1d00h'],
    [273_600_000, '3d04h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('never counts to sixty', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (ms) => {
        expect(formatDuration(ms)).toMatch(
          /^(?:\d\d?ms|[1-5]?\d\.\ds|[1-5]?\dm[0-5]\ds|(?:1?\d|2[0-3])h[0-5]\dm|\d+d(?:[01]\d|2[0-3])h)$/,
        );
      }),
    );
  });
});
