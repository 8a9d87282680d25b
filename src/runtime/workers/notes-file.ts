import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcctlError } from '../../errors.ts';
import type { Note } from '../../protocol/notes.ts';

const { O_CREAT, O_EXCL, O_RDWR } = constants;

/** A file without a name that a worker writes and this process reads; in memory where the system has such a place. */
export class NotesFile {
  readonly fd: number;

  /** @throws ProcctlError ERR_RUNTIME */
  constructor() {
    this.fd = NotesFile.#open(['/dev/shm', tmpdir()]);
  }

  static #open(places: readonly string[]): number {
    let cause: unknown;
    for (const place of places) {
      const path = join(place, `procctl-notes-${randomBytes(12).toString('hex')}`);
      try {
        const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
        unlinkSync(path);
        return fd;
      } catch (error) {
        cause = error;
      }
    }
    throw new ProcctlError('ERR_RUNTIME', `cannot make a file in ${places.join(' or ')}`, { cause });
  }

  read(): Buffer {
    const bytes = Buffer.alloc(fstatSync(this.fd).size);
    return bytes.subarray(0, readSync(this.fd, bytes, 0, bytes.length, 0));
  }

  write({ bytes, at }: Note): void {
    writeSync(this.fd, bytes, 0, bytes.length, at);
  }

  close(): void {
    closeSync(this.fd);
  }
}
