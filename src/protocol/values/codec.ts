import { deserialize, serialize } from 'node:v8';
import type { RestoreHandle } from './handle.ts';

/** Bytes at the end of which values are written. */
export class ValueWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  writeUint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  writeUint32(value: number): void {
    this.#reserve(4);
    this.#bytes.writeUInt32LE(value, this.#length);
    this.#length += 4;
  }

  /** Overwrites four bytes that were written before. */
  setUint32(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  writeBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * @throws SerializationError when the value cannot cross exactly; nothing has been written then
   */
  writeValue(value: unknown, _root = 'value'): void {
    this.writeBytes(serialize(value));
  }

  /** Takes back what was written from there on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** What has been written, without a copy: valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Hands over what has been written and begins anew. */
  take(): Buffer {
    const taken = this.view();
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(1024, Math.min(this.#bytes.length, 64 * 1024)));
    this.#length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** @throws SerializationError when the value cannot cross exactly */
export const encodeValue = (value: unknown, _root = 'value'): Buffer => {
  const writer = new ValueWriter();
  writer.writeValue(value);
  return writer.take();
};

/**
 * @param bytes exactly those of one value; they are not kept
 * @throws when they are no value
 */
export const decodeValue = (bytes: Uint8Array, _restore: RestoreHandle): unknown => deserialize(bytes);
