import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Extents } from '../../core/queue/extents.ts';
import { decodeReference, encodeReference, type Piece } from '../../protocol/broker/reference.ts';

/** Smaller items go through the socket, which is quicker for those of less than 1 KiB or so. */
export const LARGE_BYTES = 2 * 1024;
/** What one process keeps in its file; more goes through the socket. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** What is kept to read into. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Files of other processes that are kept open. */
const MAX_OPEN = 64;

export const largeItemsPath = (directory: string, name: string): string => join(directory, `${name}.large`);

/**
 * Large items do not go through the sockets: who puts one writes it into a file of its own in memory, kept open, and who
 * gets it reads it from there. A piece is used again when the item was read.
 */
export class LargeItems {
  readonly #directory: string;
  readonly #name: string;
  readonly #extents = new Extents(MAX_FILE_BYTES);
  #fd: number | undefined;
  #isBroken = false;
  #scratch = Buffer.alloc(0);
  readonly #others = new Map<string, number>();

  /** @param name of this process */
  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
  }

  /** @returns what to send in its place; undefined when there is no room, and it must go itself */
  write(bytes: Buffer): Buffer | undefined {
    if (this.#isBroken) return undefined;
    const offset = this.#extents.take(bytes.length);
    if (offset === undefined) return undefined;
    try {
      this.#fd ??= openSync(largeItemsPath(this.#directory, this.#name), 'wx', 0o600);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, offset + at);
    } catch {
      // No room on the device, most likely; it may come back.
      this.#extents.free(offset, bytes.length);
      this.#isBroken = this.#fd === undefined;
      return undefined;
    }
    return encodeReference({ name: this.#name, offset, length: bytes.length });
  }

  free(pieces: readonly Piece[]): void {
    for (const { offset, length } of pieces) this.#extents.free(offset, length);
  }

  /** @returns valid until the next call @throws when the file is gone */
  read(reference: Buffer): Buffer {
    const { name, offset, length } = decodeReference(reference);
    const fd = this.#open(name);
    const bytes = this.#room(length);
    for (let at = 0; at < length; ) {
      const read = readSync(fd, bytes, at, length - at, offset + at);
      if (read === 0) throw new RangeError('the file of a large item is too short');
      at += read;
    }
    return bytes;
  }

  /** The same memory again and again, for fresh pages cost more than what is read into them. */
  #room(length: number): Buffer {
    if (length > MAX_KEPT_BYTES) return Buffer.allocUnsafeSlow(length);
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(Math.min(length * 2, MAX_KEPT_BYTES));
    return this.#scratch.subarray(0, length);
  }

  #open(name: string): number {
    const open = this.#others.get(name);
    if (open !== undefined) return open;
    const oldest = this.#others.entries().next();
    if (this.#others.size >= MAX_OPEN && !oldest.done) {
      closeSync(oldest.value[1]);
      this.#others.delete(oldest.value[0]);
    }
    const fd = openSync(largeItemsPath(this.#directory, name), 'r');
    this.#others.set(name, fd);
    return fd;
  }
}
