// What cannot cross is refused, with the way to it.
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { SerializationError } from '../../../src/errors.ts';
import { encodeValue, ValueWriter } from '../../../src/protocol/values/codec.ts';
import { crossed } from './values.ts';

const refusalOf = (value: unknown, root?: string): SerializationError => {
  try {
    encodeValue(value, root);
  } catch (error) {
    if (error instanceof SerializationError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

class User {
  name = 'Ada';
}
class Table extends Map {}
class Rows extends Array {}
class Image extends Uint8Array {}

const argumentsOf = function (..._args: number[]): unknown {
  // biome-ignore lint/complexity/noArguments: the very thing
  return arguments;
};

const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ['a function', function save() {}, /^value is a function \(save\)/],
  ['a class', User, /^value is a function \(User\)/],
  [
    'a function without a name',
    (
      () => () =>
        1
    )(),
    /^value is a function,/,
  ],
  ['a symbol', Symbol('s'), /^value is a symbol/],
  ['a key that is a symbol', { [Symbol('s')]: 1 }, /^value has the key Symbol\(s\)/],
  ['a key of an array that is a symbol', Object.assign([1], { [Symbol('s')]: 1 }), /has the key Symbol\(s\)/],
  ['an instance of a class', new User(), /^value is a User/],
  ['an instance of a class of another realm', runInNewContext('new (class Alien {})()'), /^value is a Alien/],
  ['a subclass of Map', new Table(), /^value is a Table/],
  ['a subclass of Array', new Rows(), /^value is a Rows/],
  ['a subclass of Uint8Array', new Image(3), /^value is a Image/],
  ['an object with a prototype of its own', Object.create({ a: 1 }), /^value has a prototype of its own/],
  ['what only pretends to be a Date', Object.create(Date.prototype), /^value is a Date/],
  ['what only pretends to be an array', Object.create(Array.prototype), /^value is a Array/],
  ['an array without prototype', Object.setPrototypeOf([1], null), /prototype of its own/],
  ['a map without prototype', Object.setPrototypeOf(new Map(), null), /prototype of its own/],
  ['a URL', new URL('file:///'), /^value is a URL/],
  ['a Promise', Promise.resolve(), /^value is a Promise/],
  ['a Proxy', new Proxy({}, {}), /^value is a Proxy/],
  ['a Proxy of an array', new Proxy([], {}), /^value is a Proxy/],
  ['a Proxy that answers nothing', Proxy.revocable({}, {}).proxy, /^value is a Proxy/],
  ['a WeakMap', new WeakMap(), /^value is a WeakMap/],
  ['a WeakSet', new WeakSet(), /^value is a WeakSet/],
  ['a WeakRef', new WeakRef({}), /^value is a WeakRef/],
  ['a SharedArrayBuffer', new SharedArrayBuffer(1), /^value is a SharedArrayBuffer/],
  ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(1)), /shared memory/],
  ['a generator', (function* () {})(), /^value is a generator/],
  ['an iterator', new Map().entries(), /^value is a |prototype of its own/],
  ['arguments', argumentsOf(1, 2), /^value is an arguments object/],
  ['Math', Math, /prototype of its own/],
  ['a boxed symbol', Object(Symbol('s')), /^value is a symbol/],
  ['a date with a property', Object.assign(new Date(), { zone: 1 }), /^value has the property "zone"/],
  ['a map with a property', Object.assign(new Map(), { total: 1 }), /^value has the property "total"/],
  ['a Buffer with a property', Object.assign(Buffer.alloc(3), { type: 1 }), /^value has the property "type"/],
  ['a large Buffer with a property', Object.assign(Buffer.alloc(300), { type: 1 }), /^value has the property "type"/],
  ['a boxed string with a property', Object.assign(Object('ab'), { type: 1 }), /^value has the property "type"/],
];

describe('what is refused', () => {
  it.each(REFUSED)('%s', (_title, value, message) => {
    const error = refusalOf(value);
    expect(error.message).toMatch(message);
    expect(error.path).toBe('value');
  });

  it('memory that was transferred away', () => {
    const view = new Uint8Array(4);
    structuredClone(view, { transfer: [view.buffer] });
    expect(refusalOf(view).message).toMatch(/transferred/);
    expect(refusalOf(view.buffer).message).toMatch(/transferred/);
  });
  it('a getter that throws, keeping what it threw', () => {
    const thrown = new Error('no');
    const error = refusalOf({
      get a() {
        throw thrown;
      },
    });
    expect(error).toMatchObject({ path: 'value.a', message: 'value.a cannot be read: no', cause: thrown });
  });
  it('more than 1 GiB', () => {
    const part = Buffer.alloc(2 ** 28);
    const error = refusalOf([part, new Uint8Array(part.buffer), part.buffer, new DataView(part.buffer)]);
    expect(error.message).toMatch(/^value\[3\] is too large/);
  });
  it('too many levels, without running out of stack', () => {
    let nested: unknown = 1;
    for (let i = 0; i < 1_000_000; i++) nested = i % 2 === 0 ? [nested] : { nested };
    const error = refusalOf(nested);
    expect(error.message).toMatch(/is nested deeper than 250 levels/);
    expect(error.path.length).toBeLessThan(300);
  });
  it('not 250 levels, which cross', () => {
    let nested: unknown = 1;
    for (let i = 0; i < 250; i++) nested = i % 2 === 0 ? [nested] : new Map([[1, nested]]);
    expect(JSON.stringify(crossed(nested))).toBe(JSON.stringify(nested));
  });
});

describe('a refusal', () => {
  const save = () => 1;
  const PATHS: readonly (readonly [string, unknown])[] = [
    ['args[1].user.save', [0, { user: { save } }]],
    ['args["first name"]', { 'first name': save }],
    ['args["a\\nb"].ключ', { 'a\nb': { ключ: save } }],
    ['args.get("k").x', new Map([['k', { x: save }]])],
    ['args.get(1)', new Map([[1, save]])],
    [
      'args.values()[1]',
      new Map<unknown, unknown>([
        [1, 1],
        [{}, save],
      ]),
    ],
    ['args.keys()[0]', new Map([[save, 1]])],
    ['args.values()[2]', new Set([1, 2, save])],
    // biome-ignore lint/suspicious/noSparseArray: the very thing
    ['args[3].x', [1, , 2, { x: save }]],
    ['args.total', Object.assign([1], { total: save })],
    ['args[20]', [...Array.from({ length: 20 }, (_, i) => i), save]],
  ];
  it.each(PATHS)('names the offender: %s', (path, value) => {
    const error = refusalOf(value, 'args');
    expect(error.path).toBe(path);
    expect(error.message.startsWith(`${path} is a function`)).toBe(true);
    expect(error.hint).toMatch(/module/);
  });

  it('leaves nothing behind: the next value is written as if it had not been', () => {
    const writer = new ValueWriter();
    writer.writeValue({ a: 1 });
    const before = Buffer.from(writer.view());
    const shared = { b: 2 };
    expect(() => writer.writeValue({ a: [shared, ...'123456789'].map((x) => ({ x })), f: () => 1 })).toThrow(
      SerializationError,
    );
    expect(writer.view()).toEqual(before);
    writer.writeValue({ a: shared });
    expect(writer.view().subarray(before.length)).toEqual(encodeValue({ a: shared }));
  });
});
