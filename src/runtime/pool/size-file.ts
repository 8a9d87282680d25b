import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { MAX_POOL_SIZE, parsePoolSize } from '../../core/pool/size.ts';
import { printable } from '../../core/printable.ts';
import { ProcctlError } from '../../errors.ts';
import { show } from '../../protocol/show.ts';

/** How many tasks run at a time; `file` is where that was read from, and may be read again. */
export interface SizeSetting {
  readonly size: number;
  /** Absolute; null: it was given as a number. */
  readonly file: string | null;
  /** Nobody has said it. */
  readonly isDefault?: true;
}

const MAX_BYTES = 64;

const FORMS = 'a size is a number (4), a share of the CPUs (50%) or a difference from them (+1, -1)';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of its path is not a directory',
};

/**
 * Reads a size from a file.
 *
 * @throws ProcctlError ERR_POOL_SIZE for anything but a small regular file with one size in it
 */
export const readSizeFile = (file: string, cpus: number): number => {
  const refuse = (reason: string): ProcctlError =>
    new ProcctlError('ERR_POOL_SIZE', `size file ${printable(file)}: ${reason}`);
  let fd: number | undefined;
  try {
    // A named pipe in its place must not hold up what runs.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) throw refuse('not a regular file');
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0)).trim();
    try {
      return parsePoolSize(text, cpus);
    } catch (error) {
      throw refuse((error as Error).message);
    }
  } catch (error) {
    if (error instanceof ProcctlError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw refuse(REASONS[code] ?? message);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};

const isThere = (file: string): boolean => {
  try {
    closeSync(openSync(file, constants.O_RDONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
};

/**
 * Reads what `--size` says: a size, or else the path of a file that holds one.
 *
 * @throws ProcctlError ERR_POOL_SIZE when it is neither
 */
export const parseSizeSetting = (text: string, cpus: number): SizeSetting => {
  try {
    return { size: parsePoolSize(text, cpus), file: null };
  } catch (error) {
    const file = resolve(text);
    if (/^[+-]?\d*%?$/.test(text)) throw error;
    if (!text.includes('/') && !isThere(file)) {
      throw new ProcctlError('ERR_POOL_SIZE', `${show(text)} is neither a size nor a file with one`, { hint: FORMS });
    }
    return { size: readSizeFile(file, cpus), file };
  }
};

/** What a size becomes by one step more or less. */
export const stepped = (size: number, by: 1 | -1): number => Math.min(MAX_POOL_SIZE, Math.max(1, size + by));
