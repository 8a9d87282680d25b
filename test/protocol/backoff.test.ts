import { describe, expect, it } from 'vitest';
import { parseBackoff } from '../../src/protocol/backoff.ts';

describe('delays that grow', () => {
  it.each([
    ['1s..30s', 1000, 30_000],
    ['100ms..1m', 100, 60_000],
    ['2..8', 2000, 8000],
    ['5s', 5000, 5000],
    [2, 2000, 2000],
    ['0', 0, 0],
    [0, 0, 0],
    ['0..0', 0, 0],
  ])('%j is read', (text, minMs, maxMs) => expect(parseBackoff(text)).toEqual({ minMs, maxMs }));
  it.each([
    ['30s..1s', 'the range "30s..1s" ends before it begins'],
    ['0..1s', 'the range "0..1s" begins at 0 and cannot grow'],
    ['1s..', 'expected a duration such as "30s", got ""'],
    ['..1s', 'expected a duration such as "30s", got ""'],
    ['1s..2s..3s', 'expected a range such as "1s..30s", got "1s..2s..3s"'],
    ['1s-2s', 'expected a duration such as "30s", got "1s-2s"'],
    [-1, 'expected a duration such as "30s", got -1'],
    ['', 'expected a duration such as "30s", got ""'],
  ])('%j is refused: %s', (text, message) => expect(() => parseBackoff(text)).toThrow(message));
});
