import { describe, expect, it } from 'vitest';
import { parseMaxRestarts, parseOkExitCodes } from '../../src/protocol/restart-options.ts';

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
