import { type Options, parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TableParser } from '../../../src/protocol/arguments/table-parser.ts';
import { encodeBytes } from '../../../src/protocol/bytes.ts';

const DELIMITERS = [',', '\t'] as const;

/** The rows of a text that arrives in chunks of these sizes. */
const rowsOf = (text: string | Uint8Array, delimiter: ',' | '\t' = ',', sizes: readonly number[] = []): string[][] => {
  const bytes = typeof text === 'string' ? encodeBytes(text) : text;
  const parser = new TableParser(delimiter, 'a.csv');
  const rows: string[][] = [];
  let from = 0;
  for (const size of [...sizes, bytes.length]) {
    for (const { fields } of parser.push(bytes.subarray(from, from + size))) rows.push([...fields]);
    from += size;
  }
  for (const { fields } of parser.end()) rows.push([...fields]);
  return rows;
};

const field = fc
  .array(fc.constantFrom('a', 'é', '😀', '"', ',', '\t', '\n', '\r', '\r\n', ' ', "'"), { maxLength: 6 })
  .map((characters) => characters.join(''));

const write = (rows: readonly (readonly string[])[], delimiter: string, end: string): string =>
  rows
    .map((fields) =>
      fields.map((text) => (/["\r\n,\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(delimiter),
    )
    .join(end);

describe('a table', () => {
  it('is what was written, whatever its fields hold and wherever chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...DELIMITERS),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.integer({ min: 0, max: 9 })),
        (rows, delimiter, end, isEnded, sizes) => {
          const text = write(rows, delimiter, end) + (isEnded ? end : '');
          expect(rowsOf(text, delimiter, sizes)).toEqual(rows);
        },
      ),
    );
  });

  it('is the table that csv-parse reads, or no table for either', () => {
    const piece = fc.constantFrom('a', 'b c', '"', '""', ',', '\n', '\r\n', ' ', 'é');
    const options = {
      relax_column_count: true,
      skip_empty_lines: false,
      record_delimiter: ['\n', '\r\n'],
    } satisfies Options;
    const attempt = (read: () => string[][]): string[][] | 'no table' => {
      try {
        return read();
      } catch {
        return 'no table';
      }
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 4 })), (pieces, sizes) => {
        const text = pieces.join('');
        expect(attempt(() => rowsOf(text, ',', sizes))).toEqual(attempt(() => parse(text, options)));
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, string[][]]>([
    ['', []],
    ['\n', [['']]],
    ['a', [['a']]],
    ['\ufeffa,b\n', [['a', 'b']]],
    ['\ufeff"a",b\n', [['a', 'b']]],
    [
      'a,\n,b',
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
    ['a\rb,c\r\n', [['a\rb', 'c']]],
    ['"a\r\nb"\r\n', [['a\r\nb']]],
    ['""""', [['"']]],
  ])('%j has these rows', (text, rows) => {
    expect(rowsOf(text)).toEqual(rows);
    expect(rowsOf(text, ',', [1, 1, 1, 1])).toEqual(rows);
  });

  it('keeps bytes that are not UTF-8', () => {
    expect(rowsOf(Buffer.from('"\xff",\xe9\n', 'latin1'))).toEqual([['\udcff', '\udce9']]);
  });

  it.each([
    ['a\nb"c\n', 'a.csv:2: a quote inside a field that does not begin with one'],
    ['"a"b\n', 'a.csv:1: text behind a closing quote'],
    ['"a"\rb\n', 'a.csv:1: text behind a closing quote'],
    ['a\n"b\nc', 'a.csv:2: the quote is not closed'],
  ])('%j is none', (text, message) => {
    expect(() => rowsOf(text)).toThrow(message);
  });
});
