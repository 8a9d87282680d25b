import { types } from 'node:util';
import type { Encoder } from './encoder.ts';
import { HANDLE, type Handle } from './handle.ts';
import { writeHandle } from './handle-text.ts';
import { passedBy, propertyStep } from './refusal.ts';
import { classRefusal, symbolKeyRefusal } from './refusals.ts';
import { TAG } from './tags.ts';

type ObjectTag = typeof TAG.object | typeof TAG.nullObject;

/** Whether it is `Object.prototype` of another realm, such as a `vm` context. */
export const isPlainPrototype = (prototype: object): boolean => {
  if (Object.getPrototypeOf(prototype) !== null) return false;
  const { value } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {};
  return typeof value === 'function' && value.name === 'Object' && Object.hasOwn(prototype, 'isPrototypeOf');
};

/** What has the prototype of plain objects without being one, told by symbols of its own: `arguments`, `Math`, modules. */
const SPECIAL_KEYS: readonly symbol[] = [Symbol.iterator, Symbol.toStringTag];

/** @throws Refusal for a symbol that is a key: it would be lost */
export const refuseSymbols = (object: object, symbols: readonly symbol[]): void => {
  for (const symbol of symbols) {
    if (Object.prototype.propertyIsEnumerable.call(object, symbol)) throw symbolKeyRefusal(symbol);
    if (SPECIAL_KEYS.includes(symbol)) throw classRefusal(object);
  }
};

const EXOTIC = [
  types.isExternal,
  types.isMap,
  types.isSet,
  types.isAnyArrayBuffer,
  types.isArrayBufferView,
  types.isPromise,
  types.isWeakMap,
  types.isWeakSet,
];

/** Whether an object without prototype holds nothing but properties: prototypes can be taken away from maps and arrays. */
const isOrdinary = (object: object): boolean =>
  Object.prototype.toString.call(object) === '[object Object]' && !EXOTIC.some((is) => is(object));

/** Own enumerable properties with string keys, in their order; a getter is read, and what it returns crosses. */
export const writeObject = (encoder: Encoder, object: object, tag: ObjectTag): void => {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length > 0) {
    if (symbols.includes(HANDLE)) {
      writeHandle(encoder.out, object as Handle);
      return;
    }
    refuseSymbols(object, symbols);
  }
  if (tag === TAG.nullObject && !isOrdinary(object)) throw classRefusal(object);
  const keys = Object.keys(object);
  writeKeys(encoder, keys, tag);
  writeFields(encoder, object as Record<string, unknown>, keys);
};

const writeKeys = ({ out, shapes }: Encoder, keys: readonly string[], tag: ObjectTag): void => {
  const known = keys.length === 0 ? -1 : shapes.add(keys);
  if (known !== -1) {
    out.writeUint8(tag + 1);
    out.writeVarint(known);
    return;
  }
  out.writeUint8(tag);
  out.writeVarint(keys.length);
  for (let i = 0; i < keys.length; i++) out.writeText(keys[i] as string);
};

/** The values of these properties, in this order. */
export const writeFields = (
  encoder: Encoder,
  object: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): void => {
  encoder.enter();
  let i = 0;
  try {
    for (; i < keys.length; i++) encoder.write(object[keys[i] as string]);
  } catch (thrown) {
    throw passedBy(thrown, propertyStep(keys[i] as string));
  }
  encoder.leave();
};
