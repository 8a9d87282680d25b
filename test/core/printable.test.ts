import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../src/core/printable.ts';

describe('printable', () => {
  it('shows control characters as what they are instead of sending them', () => {
    expect(printable('a\nb\tc\rd')).toBe('a\\nb\\tc\\rd');
    expect(printable('\x1b]0;title\x07\x1b[2J')).toBe('\\u001b]0;title\\u0007\\u001b[2J');
    expect(printable('\x00\x7f\x9b31m')).toBe('\\u0000\\u007f\\u009b31m');
  });

  it('shows what turns text around or hides in it', () => {
    expect(printable('gpj.\u202eexe\u2066\u2069')).toBe('gpj.\\u202eexe\\u2066\\u2069');
    expect(printable('a\u2028b\ufeffc\u200b')).toBe('a\\u2028b\\ufeffc\\u200b');
  });

  it('shows a byte that is not UTF-8 as that byte, and any other lone surrogate by its number', () => {
    expect(printable('caf\udce9.txt')).toBe('caf\\xe9.txt');
    expect(printable('\ud83d|\ude00')).toBe('\\ud83d|\\ude00');
  });

  it('leaves text of any script and emoji as they are', () => {
    const text = 'naïve 日本語 العربية हिन्दी 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ C:\\temp';
    expect(printable(text)).toBe(text);
  });

  it('never lets anything through that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) }), (text) => {
        expect(printable(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
        expect(printable(text)).not.toMatch(/\p{Cs}/u);
        expect(printable(printable(text))).toBe(printable(text));
      }),
    );
  });
});
