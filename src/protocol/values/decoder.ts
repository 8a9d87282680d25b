import { readArray, readDoubles, readInt32s } from './array-reader.ts';
import { readArrayBuffer, readBuffer, readResizable, readView } from './binary-reader.ts';
import { readBigint, readBoxed, readDate, readMap, readRegExp, readSet } from './builtin-reader.ts';
import { ByteReader, Malformed } from './byte-reader.ts';
import { readDomException, readError } from './error-reader.ts';
import type { RestoreHandle } from './handle.ts';
import { readHandle } from './handle-reader.ts';
import { MAX_DEPTH } from './limits.ts';
import { FIRST_SMALL_INT, MAX_SMALL_INT, TAG } from './tags.ts';

type Read = (decoder: Decoder) => unknown;

const READERS: readonly (Read | undefined)[] = (() => {
  const readers = new Array<Read | undefined>(FIRST_SMALL_INT).fill(undefined);
  readers[TAG.undefined] = () => undefined;
  readers[TAG.null] = () => null;
  readers[TAG.false] = () => false;
  readers[TAG.true] = () => true;
  readers[TAG.bigint] = readBigint;
  readers[TAG.reference] = (decoder) => decoder.reference();
  readers[TAG.nullObject] = (decoder) => decoder.fill(decoder.keep(Object.create(null)), decoder.newShape());
  readers[TAG.nullObjectOfShape] = (decoder) => decoder.fill(decoder.keep(Object.create(null)), decoder.knownShape());
  readers[TAG.arrayWithFields] = (decoder) => {
    const array = readArray(decoder);
    return decoder.fill(array as never, decoder.newKeys());
  };
  readers[TAG.int32Array] = readInt32s;
  readers[TAG.doubleArray] = readDoubles;
  readers[TAG.date] = readDate;
  readers[TAG.regexp] = readRegExp;
  readers[TAG.map] = readMap;
  readers[TAG.set] = readSet;
  readers[TAG.boxed] = readBoxed;
  readers[TAG.buffer] = readBuffer;
  readers[TAG.arrayBuffer] = readArrayBuffer;
  readers[TAG.resizableArrayBuffer] = readResizable;
  readers[TAG.view] = readView;
  readers[TAG.error] = readError;
  readers[TAG.domException] = readDomException;
  readers[TAG.handle] = readHandle;
  return readers;
})();

/** Reads what Encoder writes. Throws Malformed, RangeError or SyntaxError for other bytes; runs no code but `restore`. */
export class Decoder extends ByteReader {
  /** Made when there is something to remember: most values are texts and numbers. */
  #objects: object[] | undefined;
  #shapes: string[][] | undefined;
  #depth = 0;

  constructor(
    bytes: Uint8Array,
    readonly restore: RestoreHandle,
  ) {
    super(bytes);
  }

  read(): unknown {
    const tag = this.readUint8();
    if (tag >= FIRST_SMALL_INT) return tag & MAX_SMALL_INT;
    switch (tag) {
      case TAG.int32:
        return this.readInt32();
      case TAG.double:
        return this.readDouble();
      case TAG.latin1:
      case TAG.utf16:
        return this.readTextOf(tag);
      case TAG.object:
        return this.fill(this.keep({}), this.newShape());
      case TAG.objectOfShape:
        return this.fill(this.keep({}), this.knownShape());
      case TAG.array:
        return readArray(this);
      default: {
        const reader = READERS[tag];
        if (reader === undefined) throw new Malformed('has an unknown tag');
        return reader(this);
      }
    }
  }

  /** Gives an object its number, which has to be before its contents are read: they may refer to it. */
  keep<T extends object>(object: T): T {
    if (this.#objects === undefined) this.#objects = [object];
    else this.#objects.push(object);
    return object;
  }

  reference(): object {
    const object = this.#objects?.[this.readVarint()];
    if (object === undefined) throw new Malformed('refers to an object that is not there');
    return object;
  }

  newKeys(): string[] {
    const keys: string[] = [];
    for (let left = this.readVarint(); left > 0; left--) keys.push(this.readKey());
    return keys;
  }

  newShape(): readonly string[] {
    const keys = this.newKeys();
    if (keys.length > 0) {
      if (this.#shapes === undefined) this.#shapes = [keys];
      else this.#shapes.push(keys);
    }
    return keys;
  }

  knownShape(): readonly string[] {
    const keys = this.#shapes?.[this.readVarint()];
    if (keys === undefined) throw new Malformed('refers to keys that are not there');
    return keys;
  }

  fill(object: Record<string, unknown>, keys: readonly string[]): object {
    this.enter();
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      const value = this.read();
      if (key === '__proto__') define(object, key, value, true);
      else object[key] = value;
    }
    this.leave();
    return object;
  }

  enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new Malformed('is nested too deep');
  }

  leave(): void {
    this.#depth--;
  }

  /** Ends a value: the next one refers to nothing in it. */
  forget(): void {
    this.#objects = undefined;
    this.#shapes = undefined;
    this.#depth = 0;
  }
}

const define = (object: object, key: string, value: unknown, enumerable: boolean): void => {
  Object.defineProperty(object, key, { value, enumerable, configurable: true, writable: true });
};
