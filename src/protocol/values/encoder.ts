import { types } from 'node:util';
import { writeArray } from './arrays.ts';
import { builtinWriter } from './builtins.ts';
import type { ByteWriter } from './byte-writer.ts';
import { errorKindOf } from './error-kinds.ts';
import { writeError } from './error-writer.ts';
import { HANDLE, type Handle } from './handle.ts';
import { writeHandle } from './handle-text.ts';
import { MAX_DEPTH } from './limits.ts';
import { isPlainPrototype, writeObject } from './objects.ts';
import { passedBy, Refusal } from './refusal.ts';
import { classRefusal, functionRefusal, symbolRefusal } from './refusals.ts';
import { Seen } from './seen.ts';
import { Shapes } from './shapes.ts';
import { FIRST_SMALL_INT, MAX_SMALL_INT, TAG } from './tags.ts';

/** Where an encoder has been, to return to. */
export interface Mark {
  readonly length: number;
  readonly objects: number;
  readonly shapes: number;
}

/**
 * Writes a value in one walk that looks at each property once: whatever a getter returned is what crosses.
 * Throws Refusal, and what getters throw.
 */
export class Encoder {
  readonly seen = new Seen();
  readonly shapes = new Shapes();
  #depth = 0;

  constructor(readonly out: ByteWriter) {}

  write(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.#writeNumber(value);
        return;
      case 'string':
        this.out.writeText(value);
        return;
      case 'object':
        if (value === null) this.out.writeUint8(TAG.null);
        else this.#writeObject(value);
        return;
      case 'boolean':
        this.out.writeUint8(value ? TAG.true : TAG.false);
        return;
      case 'undefined':
        this.out.writeUint8(TAG.undefined);
        return;
      case 'bigint':
        this.out.writeUint8(TAG.bigint);
        this.out.writeText(value.toString(16));
        return;
      case 'function':
        throw functionRefusal(value);
      default:
        throw symbolRefusal();
    }
  }

  /** Writes what a container holds. `step` says where that is, should it be refused. */
  writeInside(value: unknown, step: () => string): void {
    try {
      this.write(value);
    } catch (thrown) {
      throw passedBy(thrown, step());
    }
  }

  enter(): void {
    if (++this.#depth > MAX_DEPTH) {
      throw new Refusal(
        `is nested deeper than ${MAX_DEPTH} levels`,
        'send it flat, such as an array of nodes that name each other by index',
      );
    }
  }

  leave(): void {
    this.#depth--;
  }

  mark(): Mark & { readonly depth: number } {
    return { length: this.out.length, objects: this.seen.count, shapes: this.shapes.count, depth: this.#depth };
  }

  /** As if nothing had been written since. */
  rollBack(mark: ReturnType<Encoder['mark']>): void {
    this.out.truncate(mark.length);
    this.seen.truncate(mark.objects);
    this.shapes.truncate(mark.shapes);
    this.#depth = mark.depth;
  }

  /** Ends a value: the next one refers to nothing in it. */
  forget(): void {
    this.seen.truncate(0);
    this.shapes.truncate(0);
    this.#depth = 0;
  }

  #writeNumber(value: number): void {
    const { out } = this;
    const int = value | 0;
    if (int !== value || (int === 0 && 1 / value < 0)) {
      out.writeUint8(TAG.double);
      out.writeDouble(value);
    } else if (int >= 0 && int <= MAX_SMALL_INT) {
      out.writeUint8(FIRST_SMALL_INT | int);
    } else {
      out.writeUint8(TAG.int32);
      out.writeUint32(int);
    }
  }

  #writeObject(object: object): void {
    const number = this.seen.add(object);
    if (number !== -1) {
      this.out.writeUint8(TAG.reference);
      this.out.writeVarint(number);
      return;
    }
    // First of all: any other question would run code of the proxy.
    if (types.isProxy(object)) throw new Refusal('is a Proxy', 'send a plain copy: { ...value }');
    const prototype: object | null = Object.getPrototypeOf(object);
    if (prototype === Object.prototype) writeObject(this, object, TAG.object);
    else if (prototype === Array.prototype && Array.isArray(object)) writeArray(this, object);
    else if (prototype === null) writeObject(this, object, TAG.nullObject);
    else this.#writeInstance(object, prototype);
  }

  #writeInstance(object: object, prototype: object): void {
    if (typeof (object as Partial<Handle>)[HANDLE] === 'function') {
      writeHandle(this.out, object as Handle);
      return;
    }
    const write = builtinWriter(object, prototype);
    if (write !== undefined) {
      write(this, object);
      return;
    }
    const kind = errorKindOf(object);
    if (kind !== undefined) writeError(this, object as Error, kind);
    else if (isPlainPrototype(prototype)) writeObject(this, object, TAG.object);
    else throw classRefusal(object);
  }
}
