// What holds of all values, and of all bytes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SerializationError } from '../../../src/errors.ts';
import { decodeValue, encodeValue, ValueReader, ValueWriter } from '../../../src/protocol/values/codec.ts';
import { HANDLE } from '../../../src/protocol/values/handle.ts';
import { crossed, noHandles } from './values.ts';

const leaf = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, false, -0, Number.NaN, 127, 128),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 20, maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.float64Array(),
  fc.array(fc.integer()),
  fc.array(fc.double(), { minLength: 8 }),
  fc.sparseArray(fc.integer()),
  fc.constant(/a/g),
);

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', '__proto__', '1'), fc.string()), tie('value'), { maxKeys: 4 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
    fc.tuple(fc.string(), tie('value')).map(([message, cause]) => new TypeError(message, { cause })),
  ),
}));

/** A graph: objects, arrays, maps and sets that hold each other in any way. Each edge is from, to, by a name. */
const anyGraph = fc
  .record({
    kinds: fc.array(fc.constantFrom('object', 'array', 'map', 'set', 'error'), { minLength: 1, maxLength: 30 }),
    edges: fc.array(fc.tuple(fc.nat(29), fc.nat(29), fc.constantFrom('a', 'b', 'c')), { maxLength: 60 }),
  })
  .map(({ kinds, edges }) => {
    const nodes = kinds.map((kind) => {
      if (kind === 'object') return {};
      if (kind === 'array') return [];
      if (kind === 'map') return new Map();
      return kind === 'set' ? new Set() : new Error('node');
    });
    for (const [from, to, name] of edges) {
      const node = nodes[from % nodes.length];
      const target = nodes[to % nodes.length];
      if (Array.isArray(node)) node.push(target as never);
      else if (node instanceof Map) node.set(name, target);
      else if (node instanceof Set) node.add(target);
      else Object.assign(node as object, { [name]: target });
    }
    return nodes[0];
  });

/** Walks both side by side: whatever is one object on one side has to be one on the other. */
const areOneGraph = (a: unknown, b: unknown, pairs = new Map<unknown, unknown>()): boolean => {
  if (typeof a !== 'object' || a === null) return Object.is(a, b);
  if (pairs.has(a)) return pairs.get(a) === b;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  pairs.set(a, b);
  const partsOf = (value: unknown): unknown[] => {
    if (value instanceof Map) return [...value].flat();
    return value instanceof Set ? [...value] : Object.entries(value as object).flat();
  };
  const [ours, theirs] = [partsOf(a), partsOf(b)];
  return ours.length === theirs.length && ours.every((part, i) => areOneGraph(part, theirs[i], pairs));
};

const decodeCleanly = (bytes: Uint8Array): void => {
  try {
    decodeValue(bytes, () => ({}));
  } catch (error) {
    if (!(error instanceof SerializationError && error.message.startsWith('not a value'))) throw error;
  }
};

describe('any value', () => {
  it('arrives equal', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(crossed(value)).toStrictEqual(value);
      }),
      { numRuns: 300 },
    );
  });
  it('arrives as the same graph, however its objects hold each other', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => areOneGraph(graph, crossed(graph))),
      { numRuns: 500 },
    );
  });
  it('is refused by the path to a function put anywhere into it', () => {
    const step = fc.oneof(fc.nat(20), fc.constantFrom('a', 'user', 'b c', '0x'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), anyValue, (way, sibling) => {
        const value = way.reduceRight<unknown>((inner, at) => {
          if (typeof at === 'number') return Object.assign(new Array(at).fill(sibling), { [at]: inner });
          return { sibling, [at]: inner, after: sibling };
        }, encodeValue);
        const path = way.map((at) =>
          typeof at === 'number' ? `[${at}]` : /^[a-z]+$/.test(at) ? `.${at}` : `["${at}"]`,
        );
        expect(() => encodeValue(value, 'args')).toThrow(expect.objectContaining({ path: `args${path.join('')}` }));
      }),
    );
  });
  it('can be followed by others in one frame, and be read from it with what stands between', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 5 }), (values) => {
        const writer = new ValueWriter(1);
        for (const [i, value] of values.entries()) {
          writer.writeUint8(i);
          writer.writeValue(value);
          writer.writeUint32(2 ** 32 - 1 - i);
        }
        const reader = new ValueReader(writer.take(), noHandles);
        for (const [i, value] of values.entries()) {
          expect(reader.readUint8()).toBe(i & 0xff);
          expect(reader.readValue()).toStrictEqual(value);
          expect(reader.readUint32()).toBe(2 ** 32 - 1 - i);
        }
        expect(reader.isAtEnd).toBe(true);
        expect(() => reader.readValue()).toThrow(SerializationError);
      }),
    );
  });
});

describe('any bytes', () => {
  it('that are random are a value or a SerializationError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeCleanly(bytes)),
      { numRuns: 20_000 },
    );
  });
  it('that begin like tags are a value or a SerializationError', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(35), { maxLength: 100 }), (bytes) => decodeCleanly(Uint8Array.from(bytes))),
      { numRuns: 20_000 },
    );
  });
  it('of a value that was cut off are none', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, cut) => {
        const bytes = encodeValue(value);
        expect(() => decodeValue(bytes.subarray(0, cut % bytes.length), noHandles)).toThrow(SerializationError);
      }),
      { numRuns: 300 },
    );
  });
  it('of a value with others changed are a value or a SerializationError', () => {
    const handle = { [HANDLE]: () => ({ kind: 'x' }) };
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(anyValue, fc.array(change, { minLength: 1, maxLength: 4 }), (value, changes) => {
        const bytes = encodeValue([value, handle, new AggregateError([value], 'a'), Object(1), new Int16Array(2)]);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        decodeCleanly(bytes);
      }),
      { numRuns: 500 },
    );
  });
  it('beyond the end of a value are refused', () => {
    expect(() => decodeValue(Buffer.concat([encodeValue({ a: 1 }), Buffer.of(0)]), noHandles)).toThrow(
      /goes on after its end/,
    );
  });
  it('may be a part of other bytes, of any kind of Uint8Array', () => {
    const bytes = encodeValue({ a: ['x', 0.5, new Float64Array([1])] });
    const frame = new Uint8Array(bytes.length + 3);
    frame.set(bytes, 1);
    expect(decodeValue(frame.subarray(1, -2), noHandles)).toEqual({ a: ['x', 0.5, new Float64Array([1])] });
  });
});
