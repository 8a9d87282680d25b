import { describe, expect, it } from 'vitest';
import { didYouMean } from '../../src/protocol/suggest.ts';

const KEYS = ['id', 'name', 'command', 'cwd', 'env', 'stdin', 'timeout', 'retries'];

describe('a mistyped word', () => {
  it.each([
    ['comand', 'command'],
    ['Command', 'command'],
    ['commands', 'command'],
    ['timout', 'timeout'],
    ['retry', undefined],
    ['retires', 'retries'],
    ['evn', 'env'],
    ['dwc', undefined],
    ['envs', 'env'],
    ['stdn', 'stdin'],
    ['shell', undefined],
    ['', undefined],
    ['x', undefined],
    ['__proto__', undefined],
  ])('%j suggests %j', (word, meant) => expect(didYouMean(word, KEYS)).toBe(meant));

  it('suggests nothing when there is nothing to suggest', () => expect(didYouMean('a', [])).toBeUndefined());

  it('may be megabytes long', () => expect(didYouMean('x'.repeat(5_000_000), KEYS)).toBeUndefined());
});
