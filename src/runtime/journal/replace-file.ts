import { closeSync, fsyncSync, openSync, realpathSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ProcctlError } from '../../errors.ts';
import { showFile } from '../../protocol/show.ts';

const WRONG_USE: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'a part of its path is not a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
};

const cannotWrite = (file: string, cause: unknown): ProcctlError => {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = WRONG_USE[code ?? ''];
  return reason === undefined
    ? new ProcctlError('ERR_DISK', `cannot write ${showFile(file)}: ${showFile(message)}`, { cause })
    : new ProcctlError('ERR_USAGE', `cannot write ${showFile(file)}: ${reason}`, { cause });
};

/** What a name leads to, through symbolic links; itself if there is nothing yet. */
const targetOf = (file: string): string => {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
};

/**
 * Writes a file in one step: a reader sees the old one or the whole new one, and a full disk leaves the old one.
 *
 * @param kept a file that must not be replaced
 * @throws ProcctlError ERR_USAGE when there cannot be such a file, ERR_DISK when the disk does not take it
 */
export const replaceWith = (file: string, text: string, kept: string): void => {
  const target = targetOf(file);
  const stats = statSync(target, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile()) {
    throw new ProcctlError('ERR_USAGE', `cannot write ${showFile(file)}: it is not a regular file`);
  }
  const other = statSync(kept);
  if (stats?.ino === other.ino && stats.dev === other.dev) {
    throw new ProcctlError('ERR_USAGE', `cannot write ${showFile(file)}: it is the journal itself`);
  }
  const fresh = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  try {
    const fd = openSync(fresh, 'wx', 0o666);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, target);
  } catch (error) {
    try {
      unlinkSync(fresh);
    } catch {
      // It was never made.
    }
    throw cannotWrite(file, error);
  }
};
