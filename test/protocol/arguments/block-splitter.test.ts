import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockSplitter } from '../../../src/protocol/arguments/block-splitter.ts';

interface Rules {
  readonly separator: string;
  readonly maxBytes: number;
  readonly maxRecords: number;
}

const blocksOf = (text: string, sizes: readonly number[], { separator, ...rules }: Rules): string[] => {
  const splitter = new BlockSplitter({ ...rules, separator: Buffer.from(separator) });
  const bytes = Buffer.from(text);
  const blocks: Uint8Array[] = [];
  let from = 0;
  for (const size of [...sizes, bytes.length]) {
    blocks.push(...splitter.push(bytes.subarray(from, from + size)));
    from += size;
  }
  blocks.push(...splitter.end());
  return blocks.map((block) => Buffer.from(block).toString());
};

const recordsOf = (text: string, separator: string): string[] => {
  const records = text.split(separator).map((record) => record + separator);
  records[records.length - 1] = (records.at(-1) as string).slice(0, -separator.length);
  return records.filter((record) => record !== '');
};

/** The blocks by definition: as many whole records as fit. */
const expected = (text: string, { separator, maxBytes, maxRecords }: Rules): string[] => {
  const blocks: { text: string; records: number }[] = [];
  for (const record of recordsOf(text, separator)) {
    const last = blocks.at(-1);
    if (last !== undefined && last.records < maxRecords && last.text.length + record.length <= maxBytes) {
      last.text += record;
      last.records += 1;
    } else blocks.push({ text: record, records: 1 });
  }
  return blocks.map((block) => block.text);
};

describe('blocks of standard input', () => {
  it('have as many whole records as fit, wherever chunks end, and are the input together', () => {
    const rules = fc.record({
      separator: fc.constantFrom('\n', '--', 'aba', '\n\n'),
      maxBytes: fc.integer({ min: 1, max: 20 }),
      maxRecords: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Number.POSITIVE_INFINITY)),
    });
    const text = fc
      .array(fc.constantFrom('a', 'b', '-', '\n', 'xyz'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 0, max: 7 })), rules, (given, sizes, each) => {
        const blocks = blocksOf(given, sizes, each);
        expect(blocks.join('')).toBe(given);
        expect(blocks).toEqual(expected(given, each));
      }),
      { numRuns: 1000 },
    );
  });

  it('come as soon as they are full', () => {
    const splitter = new BlockSplitter({ separator: Buffer.from('\n'), maxBytes: 4, maxRecords: 9 });
    expect([...splitter.push(Buffer.from('a\nb\n'))]).toHaveLength(1);
    expect([...splitter.push(Buffer.from('c\ndddd'))]).toHaveLength(1);
  });
});
