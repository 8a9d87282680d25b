// Values as bytes, exactly or not at all. What crosses and what does not: docs/values.md.

import { SerializationError } from '../../errors.ts';
import { Malformed } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { Decoder } from './decoder.ts';
import { Encoder } from './encoder.ts';
import type { RestoreHandle } from './handle.ts';
import { RestoreFailure } from './handle-reader.ts';
import { MAX_VALUE_BYTES } from './limits.ts';
import { refusalOf } from './refusal.ts';

/** Bytes at the end of which values are written. */
export class ValueWriter extends ByteWriter {
  readonly #encoder = new Encoder(this);
  #isWriting = false;

  get isWriting(): boolean {
    return this.#isWriting;
  }

  /**
   * @param root what the paths of refusals begin with
   * @throws SerializationError when the value cannot cross exactly; nothing has been written then
   */
  writeValue(value: unknown, root = 'value'): void {
    if (this.#isWriting) throw new SerializationError(`${root} is written while another value is`, root);
    const start = this.length;
    this.#isWriting = true;
    this.limit = start + MAX_VALUE_BYTES;
    try {
      this.#encoder.write(value);
      this.checkLimit();
    } catch (thrown) {
      this.truncate(start);
      throw refusalOf(thrown).toError(root);
    } finally {
      this.limit = Number.POSITIVE_INFINITY;
      this.#isWriting = false;
      this.#encoder.forget();
    }
  }
}

const shared = new ValueWriter(16 * 1024);

/**
 * @param root what the paths of refusals begin with
 * @throws SerializationError when the value cannot cross exactly
 */
export const encodeValue = (value: unknown, root = 'value'): Buffer => {
  // A getter, or the description of a handle, may have come here.
  const writer = shared.isWriting ? new ValueWriter() : shared;
  writer.writeValue(value, root);
  return writer.take();
};

/** Reads what a ValueWriter has written, in the same order. */
export class ValueReader {
  readonly #decoder: Decoder;

  /**
   * @param bytes may be part of a frame; they are neither copied nor kept by the values
   * @param restore makes handles again; what it throws is passed on as it is
   */
  constructor(bytes: Uint8Array, restore: RestoreHandle) {
    this.#decoder = new Decoder(bytes, restore);
  }

  get isAtEnd(): boolean {
    return this.#decoder.isAtEnd;
  }

  /** @throws SerializationError when there is none left */
  readUint8(): number {
    return this.#read((decoder) => decoder.readUint8());
  }

  /** @throws SerializationError when there is none left */
  readUint32(): number {
    return this.#read((decoder) => decoder.readUint32());
  }

  /** @throws SerializationError when the bytes are no value */
  readValue(): unknown {
    return this.#read(readOne);
  }

  /** The value at a place. @throws SerializationError when there is none */
  readValueAt(start: number, end: number): unknown {
    const decoder = this.#decoder;
    try {
      return readWhole(decoder, start, end);
    } catch (thrown) {
      throw errorOf(thrown);
    } finally {
      decoder.forget();
    }
  }

  #read<T>(read: (decoder: Decoder) => T): T {
    try {
      return read(this.#decoder);
    } catch (thrown) {
      throw errorOf(thrown);
    }
  }
}

const readOne = (decoder: Decoder): unknown => {
  const value = decoder.read();
  decoder.forget();
  return value;
};

/** @throws Malformed when the value is not all there is at that place */
const readWhole = (decoder: Decoder, start: number, end: number): unknown => {
  decoder.moveTo(start);
  const value = decoder.read();
  if (!decoder.isAt(end)) throw new Malformed('goes on after its end');
  return value;
};

const errorOf = (thrown: unknown): unknown => {
  if (thrown instanceof RestoreFailure) return thrown.thrown;
  const isMalformed = thrown instanceof Malformed;
  const why = isMalformed ? `: it ${thrown.problem}` : '';
  return new SerializationError(`not a value${why}`, '', isMalformed ? {} : { cause: thrown });
};

/**
 * @param bytes exactly those of one value, maybe part of a frame; they are neither copied nor kept by the value
 * @param restore makes handles again; what it throws is passed on as it is
 * @throws SerializationError when they are no value
 */
export const decodeValue = (bytes: Uint8Array, restore: RestoreHandle): unknown =>
  decodeValueAt({ bytes, start: 0, end: bytes.length }, restore);

/** A value as a part of bytes: a view of its own for each of many small ones would be most of their cost. */
export interface ValueAt {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** As `decodeValue`, of the value at a place. @throws SerializationError when there is none */
export const decodeValueAt = ({ bytes, start, end }: ValueAt, restore: RestoreHandle): unknown => {
  try {
    return readWhole(new Decoder(bytes, restore), start, end);
  } catch (thrown) {
    throw errorOf(thrown);
  }
};
