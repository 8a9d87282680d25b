import type { Buffer } from 'node:buffer';

// Items travel in batches: for each a head of four bytes (little endian), then its bytes. The lower 31 bits of the head are
// the length; the highest says that the bytes only refer to the item, which is kept in a file. Nobody but the producer and
// the consumer looks into them.

export const HEAD_BYTES = 4;
export const MAX_ITEM_BYTES = 0x7fff_ffff;
const EXTERNAL = 0x8000_0000;

export interface Batch {
  readonly bytes: Buffer;
  /** At least 1. */
  readonly count: number;
  /** Whether one of the items may be kept in a file. */
  readonly hasExternal: boolean;
}

export interface Item {
  /** Where its bytes begin, or those of the reference. */
  readonly start: number;
  /** Where they end, and the next item begins. */
  readonly end: number;
  readonly isExternal: boolean;
}

export const headOf = (length: number, isExternal: boolean): number => (isExternal ? length + EXTERNAL : length);

/** @throws RangeError when the bytes end before the item does */
export const itemBounds = (bytes: Buffer, at: number): Item => {
  const head = bytes.readUInt32LE(at);
  const start = at + HEAD_BYTES;
  const end = start + (head >= EXTERNAL ? head - EXTERNAL : head);
  if (end > bytes.length) throw new RangeError(`an item ends at ${end}, its batch at ${bytes.length}`);
  return { start, end, isExternal: head >= EXTERNAL };
};

const endOf = (bytes: Buffer, at: number): number => at + HEAD_BYTES + (bytes.readUInt32LE(at) & MAX_ITEM_BYTES);

/** @returns the batch; undefined when the bytes are not exactly those of so many items */
export const parseBatch = (bytes: Buffer, count: number): Batch | undefined => {
  let at = 0;
  let hasExternal = false;
  for (let index = 0; index < count; index += 1) {
    if (at + HEAD_BYTES > bytes.length) return undefined;
    if (bytes.readUInt32LE(at) >= EXTERNAL) hasExternal = true;
    at = endOf(bytes, at);
  }
  return count > 0 && at === bytes.length ? { bytes, count, hasExternal } : undefined;
};

/** The first `count` items and the rest; views, no copies. `0 < count < batch.count`. */
export const splitBatch = (batch: Batch, count: number): readonly [Batch, Batch] => {
  let at = 0;
  for (let index = 0; index < count; index += 1) at = endOf(batch.bytes, at);
  const { bytes, hasExternal } = batch;
  return [
    { bytes: bytes.subarray(0, at), count, hasExternal },
    { bytes: bytes.subarray(at), count: batch.count - count, hasExternal },
  ];
};

/** Those of its items that are kept in a file: the bytes that refer to them. */
export const externalsOf = ({ bytes, hasExternal }: Batch): Buffer[] => {
  const found: Buffer[] = [];
  if (!hasExternal) return found;
  for (let at = 0; at < bytes.length; ) {
    const { start, end, isExternal } = itemBounds(bytes, at);
    if (isExternal) found.push(bytes.subarray(start, end));
    at = end;
  }
  return found;
};
