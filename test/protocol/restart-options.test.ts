import { describe, expect, it } from 'vitest';
import { parseBackoff, parseMaxRestarts, parseOkExitCodes } from '../../src/protocol/restart-options.ts';

describe('--ok-exit-codes', () => {
  it.each([
    ['0', [0]],
    ['3', [0, 3]],
    ['143,0,3,3', [0, 3, 143]],
    ['1, 255', [0, 1, 255]],
  ])('%s is read, and 0 is always among them', (text, codes) => expect(parseOkExitCodes(text)).toEqual(codes));
  it.each(['', 'SIGTERM', '256', '-1', '1.5', '1,,2', '1,', '0x1', '9999'])('%j is refused', (text) => {
    expect(() => parseOkExitCodes(text)).toThrow(`expected exit codes such as "0,3", got "${text}"`);
  });
});

describe('--backoff', () => {
  it.each([
    ['1s..30s', 1000, 30_000],
    ['100ms..1m', 100, 60_000],
    ['2..8', 2000, 8000],
    ['5s', 5000, 5000],
    ['0', 0, 0],
    ['0..0', 0, 0],
  ])('%s is read', (text, minMs, maxMs) => expect(parseBackoff(text)).toEqual({ minMs, maxMs }));
  it.each([
    ['30s..1s', 'the range "30s..1s" ends before it begins'],
    ['0..1s', 'the range "0..1s" begins at 0 and cannot grow'],
    ['1s..', 'expected a duration such as "30s", got ""'],
    ['..1s', 'expected a duration such as "30s", got ""'],
    ['1s..2s..3s', 'expected a range such as "1s..30s", got "1s..2s..3s"'],
    ['1s-2s', 'expected a duration such as "30s", got "1s-2s"'],
    ['', 'expected a duration such as "30s", got ""'],
  ])('%j is refused: %s', (text, message) => expect(() => parseBackoff(text)).toThrow(message));
});

describe('--max-restarts', () => {
  it('is a number, or unlimited', () => {
    expect(parseMaxRestarts('0')).toBe(0);
    expect(parseMaxRestarts('1000000')).toBe(1_000_000);
    expect(parseMaxRestarts('unlimited')).toBe('unlimited');
  });
  it.each(['', '-1', '1.5', '1000001', 'none', 'Infinity'])('is not %j', (text) => {
    expect(() => parseMaxRestarts(text)).toThrow('expected a whole number up to 1000000 or "unlimited"');
  });
});
