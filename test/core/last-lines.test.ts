import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LastLines } from '../../src/core/last-lines.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const linesOf = (chunks: readonly string[], maxLines = 3, maxBytes = 1000): string[] => {
  const last = new LastLines(maxLines, maxBytes);
  for (const chunk of chunks) last.push(encode(chunk));
  return last.lines(decode);
};

describe('the last lines', () => {
  it('are those of the text, in whatever pieces it comes', () => {
    const text = fc.array(fc.constantFrom('a', 'bc', '\n', 'é', ''), { maxLength: 60 });
    fc.assert(
      fc.property(text, (chunks) => {
        const whole = chunks.join('');
        const expected = whole === '' ? [] : whole.replace(/\n$/, '').split('\n').slice(-3);
        expect(linesOf(chunks)).toEqual(expected);
      }),
    );
  });

  it('begin with … where a line is longer than what is kept', () => {
    expect(linesOf(['abcdefgh'], 3, 5)).toEqual(['…defgh']);
    expect(linesOf(['abcdefgh', '\nxy\n'], 3, 8)).toEqual(['…efgh', 'xy']);
    expect(linesOf(['a\n', 'b\nc\nd\n'], 2, 100)).toEqual(['c', 'd']);
  });

  it('are forgotten when they are cleared', () => {
    const last = new LastLines(3, 10);
    last.push(encode('a long long line\n'));
    last.clear();
    last.push(encode('b'));
    expect(last.lines(decode)).toEqual(['b']);
  });
});
