import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactJson } from '../../src/protocol/exact-json.ts';
import { encodeValue } from '../../src/protocol/values/codec.ts';
import { crossed } from './values/values.ts';

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

describe('JSON that is exact', () => {
  it('is the same value, to the byte, when it is read again', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const given = crossed(value);
        const json = exactJson(given);
        if (json !== undefined) expect(encodeValue(JSON.parse(json))).toEqual(encodeValue(given));
      }),
      { numRuns: 500 },
    );
  });
  it('is there for what JSON can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        // fast-check makes objects without a prototype now and then, and -0.
        const plain = JSON.parse(JSON.stringify(value));
        expect(exactJson(plain)).toBe(JSON.stringify(plain));
      }),
    );
  });
  it('is not there for what it would change', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const twice = {};
    const beside = Object.assign([1], { name: 1 });
    const values = [undefined, -0, Number.NaN, 1n, new Date(), new Array(1), [undefined], { a: undefined }, beside];
    for (const value of [...values, cyclic, [twice, twice], Object.create(null), new Map(), Buffer.from('a')])
      expect(exactJson(value)).toBe(undefined);
  });
});
