import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonRow } from '../../../src/protocol/arguments/json-row.ts';
import { RecordSplitter } from '../../../src/protocol/arguments/record-splitter.ts';
import { TableRows } from '../../../src/protocol/arguments/table-rows.ts';
import { decodeBytes } from '../../../src/protocol/bytes.ts';

describe('a line of JSON', () => {
  const row = jsonRow('{"a": {"b": "x y", "n": 1.50, "l": [1, {"k": null}]}, "a.b": "whole", "t": true}', 'in', 3);
  it('is its own text, and what is found in it: strings as they are, all else as JSON', () => {
    expect(row.values).toHaveLength(1);
    expect(['a.b', 'a.n', 'a.l', 'a.l.0', 'a.l.1.k', 't', 'a'].map((name) => row.named?.(name))).toEqual([
      'whole',
      '1.5',
      '[1,{"k":null}]',
      '1',
      'null',
      'true',
      '{"b":"x y","n":1.5,"l":[1,{"k":null}]}',
    ]);
  });
  it('says what there is where a key is missing', () => {
    expect(() => row.named?.('a.x')).toThrow('in:3: there is no "a.x" in this value, which has b, n, l');
    expect(() => row.named?.('t.x')).toThrow('which is no object but true');
    expect(() => row.named?.('toString')).toThrow('there is no "toString"');
    expect(() => row.named?.('a.l.length')).toThrow('there is no "a.l.length" in this value, which has 0, 1');
  });
  it('never gives a program what stands for no byte', () => {
    expect(jsonRow('{"a":"\\ud800\\udc01\\udcff"}', 'in', 1).named?.('a')).toBe('\ud800\udc01\udcff');
    expect(jsonRow('{"a":"\\udc01 \\ud800 \\udcff"}', 'in', 1).named?.('a')).toBe('\ufffd \ufffd \udcff');
  });
  it('that is none is told with its place', () => {
    expect(() => jsonRow('{"a":}', 'in', 9)).toThrow(/^in:9: not JSON: /);
  });
});

describe('the rows of a table', () => {
  it('have values by number and by name, and empty lines are none where there are two columns', () => {
    const table = new TableRows('a.csv');
    expect(table.names).toBeUndefined();
    expect(table.add({ fields: ['x', 'y'], line: 1 })).toBeUndefined();
    expect(table.names).toEqual(['x', 'y']);
    const row = table.add({ fields: ['1', '2'], line: 2 });
    expect([row?.values, row?.named?.('y')]).toEqual([['1', '2'], '2']);
    expect(table.add({ fields: [''], line: 3 })).toBeUndefined();
    expect(() => table.add({ fields: ['1'], line: 4 })).toThrow('a.csv:4: 1 field, and the first line has 2');
  });
  it('may be empty where there is one column', () => {
    const table = new TableRows('a.csv');
    table.add({ fields: ['x'], line: 1 });
    expect(table.add({ fields: [''], line: 2 })?.values).toEqual(['']);
  });
  it('cannot have two columns of one name', () => {
    expect(() => new TableRows('a.csv').add({ fields: ['x', 'x'], line: 1 })).toThrow(
      'a.csv:1: two columns have the name "x"',
    );
  });
});

describe('records', () => {
  it('are the same wherever chunks end, the last with or without an end', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'bc', '\n', '\r')), fc.array(fc.nat(4)), (parts, sizes) => {
        const bytes = Buffer.from(parts.join(''));
        const splitter = new RecordSplitter(10, 'in');
        const records: string[] = [];
        let from = 0;
        for (const size of [...sizes, bytes.length]) {
          for (const record of splitter.push(bytes.subarray(from, from + size)))
            records.push(Buffer.from(record).toString());
          from += size;
        }
        for (const record of splitter.end()) records.push(Buffer.from(record).toString());
        const expected = bytes.toString().split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(records).toEqual(expected);
      }),
    );
  });

  it('are the same texts one by one and as many at a time as a chunk has, also where they are no UTF-8', () => {
    const piece = fc.constantFrom(
      ...['a', 'é', '\u{feff}', '\n', '\r', '\0'].map((text) => Buffer.from(text)),
      Buffer.of(0xc3),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(9)), fc.constantFrom(0, 10), (pieces, sizes, end) => {
        const bytes = Buffer.concat(pieces);
        const [each, many] = [new RecordSplitter(end, 'in'), new RecordSplitter(end, 'in')];
        const texts: string[][] = [[], []];
        let from = 0;
        for (const size of [...sizes, bytes.length]) {
          const chunk = bytes.subarray(from, from + size);
          texts[0]?.push(...Array.from(each.push(chunk), decodeBytes));
          texts[1]?.push(...many.texts(chunk));
          from += size;
        }
        texts[0]?.push(...Array.from(each.end(), decodeBytes));
        texts[1]?.push(...Array.from(many.end(), decodeBytes));
        expect(texts[1]).toEqual(texts[0]);
      }),
      { numRuns: 1000 },
    );
  });
});
