import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonArray, jsonLine } from '../../src/protocol/json-lines.ts';

describe('JSON in lines', () => {
  it('is an array with a line for each item', () => {
    expect(jsonArray([])).toBe('[]\n');
    expect(jsonArray([{ a: 1 }, 'b'])).toBe('[\n{"a":1},\n"b"\n]\n');
  });

  it('reads back as it was, whatever text is in it, and holds nothing that drives a terminal', () => {
    const anyText = fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.array(fc.dictionary(anyText, anyText)), (items) => {
        const text = jsonArray(items);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(items)));
        expect(text.split('\n')).toHaveLength(items.length === 0 ? 2 : items.length + 3);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
    );
    expect(JSON.parse(jsonLine('\x7f\x9b\ud800'))).toBe('\x7f\x9b\ud800');
  });
});
