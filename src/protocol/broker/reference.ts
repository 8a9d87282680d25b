import { Buffer } from 'node:buffer';

/** Of a file of large items. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** Where a large item is kept: a piece of the file of the process that put it. */
export interface Reference extends Piece {
  /** The name of that process among those of its host. */
  readonly name: string;
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

export const encodePieces = (pieces: readonly Piece[]): Buffer => {
  const bytes = Buffer.allocUnsafe(pieces.length * NUMBERS_BYTES);
  let at = 0;
  for (const { offset, length } of pieces) {
    at = bytes.writeDoubleLE(offset, at);
    at = bytes.writeDoubleLE(length, at);
  }
  return bytes;
};

export const decodePieces = (bytes: Buffer): Piece[] => {
  const pieces: Piece[] = [];
  for (let at = 0; at + NUMBERS_BYTES <= bytes.length; at += NUMBERS_BYTES) {
    pieces.push({ offset: bytes.readDoubleLE(at), length: bytes.readDoubleLE(at + 8) });
  }
  return pieces;
};
