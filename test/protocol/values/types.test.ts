// Every type that crosses, and how it arrives.
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { crossed } from './values.ts';

class Plain {
  a = 1;
}

const memory = new ArrayBuffer(16);
const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
new Uint8Array(memory).set(bytes);

const VALUES: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['minus zero', -0],
  ['the largest small integer', 127],
  ['the first beyond it', 128],
  ['minus one', -1],
  ['the largest 32-bit integer', 2 ** 31 - 1],
  ['the smallest 32-bit integer', -(2 ** 31)],
  ['beyond 32 bits', 2 ** 31],
  ['beyond 53 bits', Number.MAX_VALUE],
  ['a fraction', 0.1],
  ['the least number', 5e-324],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['minus Infinity', Number.NEGATIVE_INFINITY],
  ['0n', 0n],
  ['a negative BigInt', -123456789012345678901234567890n],
  ['a BigInt of 10 000 bits', 2n ** 10_000n - 1n],
  ['the empty string', ''],
  ['ASCII', 'hello'],
  ['Latin-1', 'déjà vu ÿ'],
  ['a long Latin-1 string', 'é'.repeat(1000)],
  ['Chinese', '你好'],
  ['a long string of emojis', '👩‍👩‍👧'.repeat(300)],
  ['NUL within', 'a\0b'],
  ['lone surrogates', '\ud800x\udc00'],
  ['many lone surrogates', '\ud800'.repeat(100)],
  ['a string of 127, 128 and more units', ['x'.repeat(127), 'x'.repeat(128), 'x'.repeat(20_000)]],
  ['a date', new Date(0)],
  ['an invalid date', new Date(Number.NaN)],
  ['a regular expression', /a(?<b>\/[/]\n)\u{1F600}/giu],
  ['an empty regular expression', /(?:)/],
  ['an empty map', new Map()],
  [
    'a map with keys of all kinds',
    new Map<unknown, unknown>([
      ['a', 1],
      [{ k: 1 }, [2]],
      [Number.NaN, undefined],
      [1n, null],
    ]),
  ],
  ['a set', new Set<unknown>([1, 'a', { b: 2 }, Number.NaN])],
  ['an ArrayBuffer', memory],
  ['an empty ArrayBuffer', new ArrayBuffer(0)],
  ['a DataView', new DataView(memory, 3, 5)],
  ['a Buffer', Buffer.from('buffer')],
  ['an empty Buffer', Buffer.alloc(0)],
  ...[
    Uint8Array,
    Uint8ClampedArray,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((view) => [`a ${view.name}`, new view(memory, 8, 1)] as const),
  ['an empty array', []],
  ['an array of many integers', Array.from({ length: 1000 }, (_, i) => i - 500)],
  ['an array of many numbers', [1, 2, 3, 4, 5, 6, 7, -0, 0.5, Number.NaN]],
  ['numbers, and then something else', [...Array.from({ length: 100 }, (_, i) => i), 'end', 1.5]],
  // biome-ignore lint/suspicious/noSparseArray: the very thing
  ['an array with holes', [1, , undefined, , 4]],
  ['an array of nothing but holes', new Array(100)],
  [
    'an array with a hole among integers',
    Object.assign(
      Array.from({ length: 20 }, (_, i) => i),
      { 30: 30 },
    ),
  ],
  ['an array with properties', Object.assign([1, 2], { index: 3, '-1': 'x', '01': 'y' })],
  [
    'a long array with properties',
    Object.assign(
      Array.from({ length: 200 }, (_, i) => i),
      { total: 3 },
    ),
  ],
  ['an array with a hole and a property', Object.assign(new Array(1), { foo: 1 })],
  ['a match', /b(?<c>.)/.exec('abcd')],
  ['an empty object', {}],
  ['an object', { a: 1, b: 'hello', c: [1, 2, 3] }],
  ['keys of all kinds', { '': 1, 'a b': 2, 1: 3, ключ: 4, constructor: 5, toString: 6, [`${'k'.repeat(100)}`]: 7 }],
  ['undefined as a property', { a: undefined }],
  ['an own __proto__', JSON.parse('{"__proto__":{"a":1},"b":{"__proto__":null}}')],
  ['toJSON as data', { toJSON: 'x' }],
  [
    'objects of the same keys',
    [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
      { b: 5, a: 6 },
      { a: 7, b: 8 },
    ],
  ],
  ['an object without prototype', Object.assign(Object.create(null), { a: 1, __proto__: 2 })],
  [
    'two objects without prototype',
    [Object.assign(Object.create(null), { a: 1 }), Object.assign(Object.create(null), { a: 2 })],
  ],
  ['an object with 5000 keys', Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key${i}`, i]))],
  ['a boxed number', Object(-0)],
  ['a boxed string', Object('ab')],
  ['a boxed boolean', Object(false)],
  ['a boxed BigInt', Object(1n)],
];

describe('what crosses exactly', () => {
  it.each(VALUES)('%s', (_title, value) => {
    const arrived = crossed({ value }).value;
    expect(arrived).toStrictEqual(value);
    expect(Object.is(arrived, value) || typeof value === 'object').toBe(true);
    if (typeof value !== 'object' || value === null) return;
    expect(Object.getPrototypeOf(arrived)).toBe(Object.getPrototypeOf(value));
    expect(Object.keys(arrived as object)).toEqual(Object.keys(value));
    expect(Object.prototype.toString.call(arrived)).toBe(Object.prototype.toString.call(value));
  });
  it.each(VALUES)('%s on its own', (_title, value) => {
    expect(crossed(value)).toStrictEqual(value);
  });

  it('-0 in a box, a list and a map', () => {
    expect(Object.is(Number(crossed(Object(-0))), -0)).toBe(true);
    expect(Object.is(crossed([-0])[0], -0)).toBe(true);
    expect(Object.is(crossed(new Map([[1, -0]])).get(1), -0)).toBe(true);
  });
  it('an array of 2^32 - 1 with one item, at once', () => {
    const array: number[] = [];
    array[4_294_967_294] = 7;
    const arrived = crossed(array);
    expect(arrived.length).toBe(4_294_967_295);
    expect(Object.keys(arrived)).toEqual(['4294967294']);
  });
  it('lastIndex of a regular expression', () => {
    const regexp = /a/g;
    regexp.lastIndex = 3;
    expect(crossed(regexp).lastIndex).toBe(3);
  });
  it('the sum of 300 000 numbers, and all of 2 MB of text', () => {
    const value = { numbers: Array.from({ length: 300_000 }, (_, i) => i / 2), text: 'déjà '.repeat(400_000) };
    expect(crossed(value)).toEqual(value);
  });
  it('a resizable ArrayBuffer, with its bound', () => {
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
    const arrived = crossed(new Resizable(4, { maxByteLength: 64 })) as ArrayBuffer & { maxByteLength: number };
    expect(arrived.byteLength).toBe(4);
    expect(arrived.maxByteLength).toBe(64);
  });
});

describe('binary data', () => {
  it('crosses as what the view shows, in memory of its own', () => {
    const all = Buffer.alloc(10_000, 'x');
    const { small, view } = crossed({ small: all.subarray(5, 8), view: new DataView(all.buffer, all.byteOffset, 2) });
    expect(small.toString()).toBe('xxx');
    expect(Buffer.isBuffer(small)).toBe(true);
    expect(small.buffer.byteLength).toBe(3);
    expect(view.buffer.byteLength).toBe(2);
    expect(view.byteOffset).toBe(0);
  });
  it('does not change with the bytes it was read from, nor with other values', async () => {
    const { decodeValue, encodeValue } = await import('../../../src/protocol/values/codec.ts');
    const frame = encodeValue([Buffer.from('ab'), Buffer.from('cd'), new Uint8Array([1])]);
    const [first, second, third] = decodeValue(frame, () => ({})) as [Buffer, Buffer, Uint8Array];
    frame.fill(0);
    first.fill(0);
    expect(second.toString()).toBe('cd');
    expect([...third]).toEqual([1]);
    expect(first.buffer).not.toBe(second.buffer);
  });
  it('is aligned wherever it lies in its frame', () => {
    for (let padding = 0; padding < 9; padding++) {
      expect(crossed(['x'.repeat(padding), new Float64Array([0.5])])[1]).toEqual(new Float64Array([0.5]));
    }
  });
});

describe('objects met more than once', () => {
  it('arrive as one object', () => {
    const shared = { a: 1 };
    const date = new Date(1);
    const box = Object(1);
    const arrived = crossed({ x: shared, y: [shared, date], z: new Map([[shared, date]]), boxes: [box, box] });
    expect(arrived.y[0]).toBe(arrived.x);
    expect(arrived.z.get(arrived.x)).toBe(arrived.y[1]);
    expect(arrived.boxes[0]).toBe(arrived.boxes[1]);
  });
  it('may hold themselves, in objects, arrays, maps and sets', () => {
    const value: Record<string, unknown> = { array: [], map: new Map(), set: new Set() };
    (value.array as unknown[]).push(value, value.array);
    (value.map as Map<unknown, unknown>).set(value.map, value);
    (value.set as Set<unknown>).add(value.set);
    const arrived = crossed(value);
    expect((arrived.array as unknown[])[0]).toBe(arrived);
    expect((arrived.array as unknown[])[1]).toBe(arrived.array);
    expect((arrived.map as Map<unknown, unknown>).get(arrived.map)).toBe(arrived);
    expect((arrived.set as Set<unknown>).has(arrived.set)).toBe(true);
  });
  it('are told apart among thousands', () => {
    const items = Array.from({ length: 5000 }, (_, i) => ({ i }));
    const arrived = crossed({ items, again: items.toReversed() });
    expect(arrived.again.every((item, i) => item === arrived.items[4999 - i])).toBe(true);
    expect(new Set(arrived.items).size).toBe(5000);
  });
});

describe('what is a matter of choice', () => {
  it('reads a getter once and sends what it returned', () => {
    let reads = 0;
    const value = {
      get now() {
        return ++reads;
      },
    };
    expect(Object.getOwnPropertyDescriptor(crossed(value), 'now')).toMatchObject({ value: 1, writable: true });
    expect(reads).toBe(1);
  });
  it('leaves out what is not enumerable', () => {
    const value = Object.defineProperties({ a: 1 }, { hidden: { value: 2 }, [Symbol('s')]: { value: 3 } });
    expect(Reflect.ownKeys(crossed(value))).toEqual(['a']);
  });
  it('takes objects of another realm for what they are', () => {
    const value = runInNewContext('({ a: [1, new Map([[1, new Date(5)]])], b: new Uint8Array(2), c: /x/g, d: {} })');
    expect(crossed(value)).toStrictEqual({
      a: [1, new Map([[1, new Date(5)]])],
      b: new Uint8Array(2),
      c: /x/g,
      d: {},
    });
  });
  it('sends a frozen object as one that is not', () => {
    expect(Object.isFrozen(crossed(Object.freeze({ ...new Plain() })))).toBe(false);
  });
});
