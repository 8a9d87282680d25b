import { types } from 'node:util';
import { fieldsOf, writeArray } from './arrays.ts';
import { writeArrayBuffer, writeBuffer, writeView } from './binary-writer.ts';
import type { Encoder } from './encoder.ts';
import { refuseSymbols } from './objects.ts';
import { extraFieldRefusal, symbolRefusal } from './refusals.ts';
import { TAG } from './tags.ts';
import { VIEW_CLASSES } from './views.ts';

type Write = (encoder: Encoder, object: object) => void;

interface Builtin {
  readonly class: { readonly name: string; readonly prototype: object };
  /** Whether it was made by that class, in whatever realm; its prototype does not prove it. */
  readonly is: (value: object) => boolean;
  readonly write: Write;
}

const regexpSource = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get as (this: object) => string;

const writeDate = ({ out }: Encoder, date: object): void => {
  out.writeUint8(TAG.date);
  out.writeDouble(Date.prototype.getTime.call(date));
};

const writeRegExp = ({ out }: Encoder, object: object): void => {
  const regexp = object as RegExp;
  out.writeUint8(TAG.regexp);
  out.writeText(regexpSource.call(regexp));
  out.writeText(regexp.flags);
  out.writeVarint(Number.isSafeInteger(regexp.lastIndex) && regexp.lastIndex > 0 ? regexp.lastIndex : 0);
};

/** How to reach an entry whose key has a text that says it. */
const entryStep = (key: unknown, index: number): string =>
  typeof key === 'string' || typeof key === 'number' ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`;

const writeMap = (encoder: Encoder, object: object): void => {
  const { out } = encoder;
  out.writeUint8(TAG.map);
  const countAt = out.length;
  out.writeUint32(0);
  let count = 0;
  encoder.enter();
  Map.prototype.forEach.call(object, (value, key) => {
    const index = count++;
    encoder.writeInside(key, () => `.keys()[${index}]`);
    encoder.writeInside(value, () => entryStep(key, index));
  });
  encoder.leave();
  out.setUint32(countAt, count);
};

const writeSet = (encoder: Encoder, object: object): void => {
  const { out } = encoder;
  out.writeUint8(TAG.set);
  const countAt = out.length;
  out.writeUint32(0);
  let count = 0;
  encoder.enter();
  Set.prototype.forEach.call(object, (value) => {
    const index = count++;
    encoder.writeInside(value, () => `.values()[${index}]`);
  });
  encoder.leave();
  out.setUint32(countAt, count);
};

const boxed =
  (primitiveOf: (this: never) => unknown): Write =>
  (encoder, object) => {
    const value = primitiveOf.call(object as never);
    if (typeof value === 'symbol') throw symbolRefusal();
    encoder.out.writeUint8(TAG.boxed);
    encoder.write(value);
  };

/** Refuses what would be lost: properties of its own. */
const bare =
  (write: Write): Write =>
  (encoder, object) => {
    const [key] = Object.keys(object);
    if (key !== undefined) throw extraFieldRefusal(key);
    const symbols = Object.getOwnPropertySymbols(object);
    if (symbols.length > 0) refuseSymbols(object, symbols);
    write(encoder, object);
  };

const bareList =
  (write: Write): Write =>
  (encoder, object) => {
    const [key] = fieldsOf(object as ArrayLike<unknown> & object);
    if (key !== undefined) throw extraFieldRefusal(key);
    write(encoder, object);
  };

const BUILTINS: readonly Builtin[] = [
  { class: Buffer, is: types.isUint8Array, write: bareList(writeBuffer) },
  { class: Array, is: Array.isArray, write: (encoder, array) => writeArray(encoder, array as unknown[]) },
  { class: Date, is: types.isDate, write: bare(writeDate) },
  { class: Map, is: types.isMap, write: bare(writeMap) },
  { class: Set, is: types.isSet, write: bare(writeSet) },
  { class: RegExp, is: types.isRegExp, write: bare(writeRegExp) },
  { class: ArrayBuffer, is: types.isArrayBuffer, write: bare(writeArrayBuffer) },
  { class: Number, is: types.isNumberObject, write: bare(boxed(Number.prototype.valueOf)) },
  { class: String, is: types.isStringObject, write: bareList(boxed(String.prototype.valueOf)) },
  { class: Boolean, is: types.isBooleanObject, write: bare(boxed(Boolean.prototype.valueOf)) },
  { class: BigInt, is: types.isBigIntObject, write: bare(boxed(BigInt.prototype.valueOf)) },
  { class: Symbol, is: types.isSymbolObject, write: bare(boxed(Symbol.prototype.valueOf)) },
  ...VIEW_CLASSES.map(([viewClass], number): Builtin => {
    const write: Write = ({ out }, view) => writeView(out, view as ArrayBufferView, number);
    return viewClass === (DataView as unknown)
      ? { class: viewClass, is: types.isDataView, write: bare(write) }
      : {
          class: viewClass,
          is: (value) => types.isTypedArray(value) && value[Symbol.toStringTag] === viewClass.name,
          write: bareList(write),
        };
  }),
];

const BY_PROTOTYPE = new Map<object, Builtin>(BUILTINS.map((builtin) => [builtin.class.prototype, builtin]));

/** The same class of another realm, such as a `vm` context: what a subclass of ours cannot be. */
const ofOtherRealm = (object: object, prototype: object): Builtin | undefined => {
  const { value: itsClass } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {};
  return BUILTINS.find(
    (builtin) =>
      itsClass?.name === builtin.class.name &&
      builtin.is(object) &&
      !Object.prototype.isPrototypeOf.call(builtin.class.prototype, object),
  );
};

/** How to write an instance of exactly such a class; undefined for all else. */
export const builtinWriter = (object: object, prototype: object): Write | undefined => {
  const builtin = BY_PROTOTYPE.get(prototype) ?? ofOtherRealm(object, prototype);
  return builtin?.is(object) ? builtin.write : undefined;
};
