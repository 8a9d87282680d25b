import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcctlError } from '../../errors.ts';
import type { Note } from '../../protocol/notes.ts';

const { O_CREAT, O_EXCL, O_RDWR } = constants;

const FIRST_NOTE = Buffer.alloc(4);

/** A file without a name that a worker writes and this process reads; in memory where the system has such a place. */
export class NotesFile {
  readonly fd: number;

  /** @param places directories, the best first @throws ProcctlError ERR_RUNTIME */
  constructor(places: readonly string[] = ['/dev/shm', tmpdir()]) {
    this.fd = NotesFile.#open(places);
  }

  static #open(places: readonly string[]): number {
    let cause: unknown;
    for (const place of places) {
      const path = join(place, `procctl-notes-${randomBytes(12).toString('hex')}`);
      try {
        const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
        unlinkSync(path);
        try {
          // A file can be made where nothing can be written. This takes the page that the shortest notes need.
          writeSync(fd, FIRST_NOTE, 0, FIRST_NOTE.length, 0);
          return fd;
        } catch (error) {
          closeSync(fd);
          throw error;
        }
      } catch (error) {
        cause = error;
      }
    }
    throw new ProcctlError('ERR_RUNTIME', `cannot make a file in ${places.join(' or ')}`, { cause });
  }

  /** @param most bytes, from the beginning: it is as long as the worker, or a function in it, has made it */
  read(most = Number.POSITIVE_INFINITY): Buffer {
    const bytes = Buffer.alloc(Math.min(most, fstatSync(this.fd).size));
    return bytes.subarray(0, readSync(this.fd, bytes, 0, bytes.length, 0));
  }

  write({ bytes, at }: Note): void {
    writeSync(this.fd, bytes, 0, bytes.length, at);
  }

  close(): void {
    closeSync(this.fd);
  }
}
