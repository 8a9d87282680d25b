import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DocumentHead, detectFormat } from '../../src/protocol/document-head.ts';

const piece = fc.constantFrom(
  '\ufeff',
  ' ',
  '\n',
  '\t',
  '[',
  '{',
  '"tasks"',
  '"defaults"',
  '"ta',
  '"é"',
  'ï',
  ':',
  'x',
  ' '.repeat(300),
);

describe('the beginning of an input', () => {
  it('says of bytes what detectFormat says of the text, wherever they are cut', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.array(fc.nat(400), { maxLength: 3 }), (pieces, cuts) => {
        const text = pieces.join('');
        const bytes = Buffer.from(text);
        const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const head = new DocumentHead();
        let format = 'undecided';
        let start = 0;
        for (const end of ends) {
          if (format === 'undecided') format = head.push(bytes.subarray(start, end));
          start = end;
        }
        expect(format).toBe(detectFormat(text));
      }),
      { numRuns: 2000 },
    );
  });
});
