import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { writeWhole } from '../write-whole.ts';

/** One stream of one task is held in memory up to this size, then on disk. */
const MEMORY_BYTES_EACH = 256 * 1024;
/** All streams together are held in memory up to this size; past it, whatever comes goes to disk. */
const MEMORY_BYTES_ALL = 16 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** Where the buffers of one pool keep what is too large for memory, and how much of the memory is taken. */
export class SpillSpace {
  memoryBytes = 0;
  #files = 0;

  readonly #directory: () => string;

  /** @param directory private directory of the run, asked for when it is needed */
  constructor(directory: () => string) {
    this.#directory = directory;
  }

  nextFile(): string {
    this.#files += 1;
    return `${this.#directory()}/spill.${this.#files}`;
  }
}

/**
 * Bytes held until it is their turn to be written: in memory while they are few, in a file when they are many.
 * Appending is synchronous, so a writer that is faster than the disk waits in its pipe, and memory stays as it is.
 */
export class SpillBuffer {
  readonly #space: SpillSpace;
  #chunks: Buffer[] = [];
  #memoryBytes = 0;
  #path: string | undefined;
  #fd: number | undefined;
  #size = 0;

  constructor(space: SpillSpace) {
    this.#space = space;
  }

  /** Bytes held. */
  get size(): number {
    return this.#size;
  }

  /** @throws the file system's error (ENOSPC …) when the bytes cannot be held; those held before stay */
  append(chunk: Buffer): void {
    const isTooMuch =
      this.#memoryBytes + chunk.length > MEMORY_BYTES_EACH || this.#space.memoryBytes + chunk.length > MEMORY_BYTES_ALL;
    if (this.#path === undefined && !isTooMuch) {
      this.#chunks.push(chunk);
      this.#memoryBytes += chunk.length;
      this.#space.memoryBytes += chunk.length;
    } else {
      this.#toDisk(chunk);
    }
    this.#size += chunk.length;
  }

  /** No more will be appended for now: gives the descriptor back, keeps the bytes. */
  seal(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** The bytes held, in order, in pieces that may be kept by the caller. */
  *chunks(): Generator<Buffer> {
    if (this.#path === undefined) {
      yield* this.#chunks;
      return;
    }
    this.seal();
    const fd = openSync(this.#path, 'r');
    try {
      for (;;) {
        const piece = Buffer.allocUnsafe(READ_BYTES);
        const size = readSync(fd, piece, 0, READ_BYTES, null);
        if (size === 0) return;
        yield piece.subarray(0, size);
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Forgets everything, and gives memory and disk back. */
  clear(): void {
    this.seal();
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
    this.#path = undefined;
    this.#space.memoryBytes -= this.#memoryBytes;
    this.#chunks = [];
    this.#memoryBytes = 0;
    this.#size = 0;
  }

  #toDisk(chunk: Buffer): void {
    if (this.#path === undefined) {
      const path = this.#space.nextFile();
      this.#fd = openSync(path, 'wx', 0o600);
      this.#path = path;
      for (const held of this.#chunks) writeWhole(this.#fd, held);
      this.#space.memoryBytes -= this.#memoryBytes;
      this.#chunks = [];
      this.#memoryBytes = 0;
    }
    this.#fd ??= openSync(this.#path, 'a', 0o600);
    writeWhole(this.#fd, chunk);
  }
}
