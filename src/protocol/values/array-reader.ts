import { Malformed } from './byte-reader.ts';
import type { Decoder } from './decoder.ts';
import { TAG } from './tags.ts';

const MAX_LENGTH = 2 ** 32 - 1;

export const readArray = (decoder: Decoder): unknown[] => {
  const length = decoder.readVarint();
  if (length > MAX_LENGTH) throw new Malformed('has an array that is too long');
  const array = decoder.keep([] as unknown[]);
  decoder.enter();
  for (let i = 0; i < length; i++) {
    if (decoder.skipTag(TAG.holes)) {
      readSparse(decoder, array, length);
      break;
    }
    array.push(decoder.read());
  }
  decoder.leave();
  return array;
};

const readSparse = (decoder: Decoder, array: unknown[], length: number): void => {
  array.length = length;
  for (let left = decoder.readVarint(); left > 0; left--) {
    const index = decoder.readVarint();
    if (index >= length) throw new Malformed('has an item beyond the end of its array');
    array[index] = decoder.read();
  }
};

/** Room for that many numbers, which beyond this length would be a table of hashes. */
const roomFor = (items: number): number[] => (items <= 2 ** 24 ? new Array(items) : []);

export const readInt32s = (decoder: Decoder): number[] => {
  const items = decoder.readVarint();
  const view = decoder.readView(items * 4);
  const array = decoder.keep(roomFor(items));
  for (let i = 0; i < items; i++) array[i] = view.getInt32(i * 4, true);
  return array;
};

export const readDoubles = (decoder: Decoder): number[] => {
  const items = decoder.readVarint();
  const view = decoder.readView(items * 8);
  const array = decoder.keep(roomFor(items));
  for (let i = 0; i < items; i++) array[i] = view.getFloat64(i * 8, true);
  return array;
};
