import { Buffer } from 'node:buffer';

/** Where a large item is kept: a piece of the file of the process that put it. */
export interface Reference {
  /** The name of that process among those of its host. */
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

const NUMBERS_BYTES = 16;
/** What processes call themselves, and so parts of the names of files. */
const NAME = /^[0-9]{1,10}-[0-9a-f]{1,32}$/;

export const isPeerName = (name: unknown): name is string => typeof name === 'string' && NAME.test(name);

export const encodeReference = ({ name, offset, length }: Reference): Buffer => {
  const bytes = Buffer.allocUnsafe(NUMBERS_BYTES + name.length);
  bytes.writeDoubleLE(offset, 0);
  bytes.writeDoubleLE(length, 8);
  bytes.write(name, NUMBERS_BYTES, 'latin1');
  return bytes;
};

/** @throws RangeError for what is no reference */
export const decodeReference = (bytes: Buffer): Reference => {
  const offset = bytes.readDoubleLE(0);
  const length = bytes.readDoubleLE(8);
  const name = bytes.toString('latin1', NUMBERS_BYTES);
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || !isPeerName(name)) {
    throw new RangeError('no reference to an item');
  }
  return { name, offset, length };
};
