import { inspect, isDeepStrictEqual } from 'node:util';
import type { Encoder } from './encoder.ts';
import { refuseSymbols, writeFields } from './objects.ts';
import { indexStep, passedBy } from './refusal.ts';
import { TAG } from './tags.ts';

/** Up to here listing all keys is quicker than inspecting. */
const SHORT = 64;
/** From here on numbers are written without tags. */
const MANY_NUMBERS = 8;

const isIndex = (key: string, length: number): boolean => {
  const index = Number(key);
  return index >= 0 && index < length && Number.isInteger(index) && String(index) === key;
};

const SHOW_NO_ITEMS = {
  depth: 0,
  maxArrayLength: 0,
  customInspect: false,
  breakLength: Number.POSITIVE_INFINITY,
};

/** Up to here it is quicker to compare a buffer than to inspect it. */
const MAX_COMPARED_BYTES = 16 * 1024;

/** What all typed arrays say of themselves, whatever fields of that name they have. */
const ofTypedArray = (name: string): ((this: object) => never) =>
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), name)?.get as (this: object) => never;

const bufferOf = ofTypedArray('buffer');
const byteOffsetOf = ofTypedArray('byteOffset');
const byteLengthOf = ofTypedArray('byteLength');

/** Whether it is for certain a Buffer without fields: it is the same as one that shows the same memory and has none. */
const isBareBuffer = (list: object): boolean => {
  if (Object.getPrototypeOf(list) !== Buffer.prototype) return false;
  const bare = Buffer.from(bufferOf.call(list), byteOffsetOf.call(list), byteLengthOf.call(list));
  return isDeepStrictEqual(list, bare);
};

/**
 * Whether a list, or a typed array, may have enumerable properties beside its items; false is certain.
 * Keys of items come first, so the last key tells. Node lists keys without those of items only within `inspect`,
 * which takes 0.6 µs to show none of 100 000 items.
 */
export const mayHaveFields = (list: ArrayLike<unknown> & object): boolean => {
  const { length } = list;
  if (length <= SHORT) {
    const last = Object.keys(list).pop();
    // Of an empty one `-1` would be the last item otherwise.
    const isLastItem = length > 0 && last === String(length - 1);
    if (last !== undefined && !isLastItem && !isIndex(last, length)) return true;
    return Object.getOwnPropertySymbols(list).length > 0;
  }
  if (length <= MAX_COMPARED_BYTES && isBareBuffer(list)) return false;
  return !inspect(list, SHOW_NO_ITEMS).endsWith(`[ ... ${length} more items ]`);
};

/** Keys of enumerable properties beside the items. */
export const fieldsOf = (list: ArrayLike<unknown> & object): string[] => {
  if (!mayHaveFields(list)) return [];
  refuseSymbols(list, Object.getOwnPropertySymbols(list));
  const { length } = list;
  return Object.keys(list).filter((key) => !isIndex(key, length));
};

export const writeArray = (encoder: Encoder, array: readonly unknown[]): void => {
  const { out } = encoder;
  const { length } = array;
  const fields = fieldsOf(array);
  if (fields.length === 0 && length >= MANY_NUMBERS && writeNumbers(encoder, array)) return;
  out.writeUint8(fields.length === 0 ? TAG.array : TAG.arrayWithFields);
  out.writeVarint(length);
  const firstHole = writeItems(encoder, array, length);
  if (firstHole < length) writeSparse(encoder, array, firstHole, length);
  if (fields.length === 0) return;
  out.writeVarint(fields.length);
  for (const key of fields) out.writeText(key);
  writeFields(encoder, array as unknown as Record<string, unknown>, fields);
};

/** @returns the index of the first hole, or `length` */
const writeItems = (encoder: Encoder, array: readonly unknown[], length: number): number => {
  encoder.enter();
  let i = 0;
  try {
    for (; i < length; i++) {
      const item = array[i];
      if (item === undefined && !Object.hasOwn(array, i)) break;
      encoder.write(item);
    }
  } catch (thrown) {
    throw passedBy(thrown, indexStep(i));
  }
  encoder.leave();
  return i;
};

/** What follows a hole, without a walk over as many holes as there may be. */
const writeSparse = (encoder: Encoder, array: readonly unknown[], from: number, length: number): void => {
  const { out } = encoder;
  const indices = Object.keys(array).filter((key) => isIndex(key, length) && Number(key) > from);
  out.writeUint8(TAG.holes);
  out.writeVarint(indices.length);
  encoder.enter();
  for (const key of indices) {
    out.writeVarint(Number(key));
    encoder.writeInside(array[Number(key)], () => indexStep(key));
  }
  encoder.leave();
};

/** @returns false, with nothing written, unless all items are numbers */
const writeNumbers = ({ out }: Encoder, array: readonly unknown[]): boolean =>
  typeof array[0] === 'number' &&
  (out.writeInt32Items(TAG.int32Array, array) || out.writeDoubleItems(TAG.doubleArray, array));
