import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf, mayHaveFields } from '../../../src/protocol/values/arrays.ts';

type List = ArrayLike<unknown> & object;

const length = fc.oneof(fc.nat(70), fc.constantFrom(64, 65, 1000, 16_384, 16_385, 20_000));
const list: fc.Arbitrary<List> = fc
  .tuple(length, fc.constantFrom('buffer', 'part of a buffer', 'bytes', 'doubles', 'array', 'holes'))
  .map(([items, kind]): List => {
    switch (kind) {
      case 'buffer':
        return Buffer.alloc(items, 7);
      case 'part of a buffer':
        return Buffer.alloc(items + 9, 7).subarray(3, items + 3);
      case 'bytes':
        return new Uint8Array(items);
      case 'doubles':
        return new Float64Array(items);
      case 'array':
        return new Array(items).fill('x');
      default:
        return new Array(items);
    }
  });

/** Names that are no index, and some that nearly are, or mean something to whoever looks. */
const name = fc.constantFrom(
  'a',
  '',
  '-1',
  '01',
  '1.5',
  '1e3',
  '4294967295',
  'NaN',
  'constructor',
  'inspect',
  'buffer',
  'byteLength',
);
const field = fc.record({ name, isEnumerable: fc.boolean() });

const add = (to: object, fields: readonly { readonly name: string; readonly isEnumerable: boolean }[]): void => {
  for (const { name, isEnumerable } of fields) {
    // Typed arrays have no properties whose names are numbers.
    if (ArrayBuffer.isView(to) && (String(Number(name)) === name || name === '-0')) continue;
    if (!Object.hasOwn(to, name)) Object.defineProperty(to, name, { value: 1, enumerable: isEnumerable });
  }
};

describe('lists', () => {
  it('of whatever kind and length have just those fields that are enumerable and no item', () => {
    fc.assert(
      fc.property(list, fc.array(field, { maxLength: 3 }), (of, fields) => {
        add(of, fields);
        const { length: items } = of;
        const expected = Object.keys(of).filter((key) => !(/^(0|[1-9]\d*)$/.test(key) && Number(key) < items));
        expect(fieldsOf(of)).toEqual(expected);
        if (expected.length > 0) expect(mayHaveFields(of)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('may have a field that is named as the item before the first', () => {
    expect(fieldsOf(Object.assign([], { '-1': 1 }))).toEqual(['-1']);
  });

  it('without fields are known to have none, so that no list of all their keys is made', () => {
    fc.assert(
      fc.property(list, (of) => {
        expect(mayHaveFields(of)).toBe(false);
      }),
    );
  });

  it('may have fields that only symbols name', () => {
    for (const items of [10, 1000, 20_000]) {
      const of = Object.assign(Buffer.alloc(items), { [Symbol('field')]: 1 });
      expect(mayHaveFields(of)).toBe(true);
    }
  });
});
