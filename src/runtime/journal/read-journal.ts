import { constants, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ProcctlError } from '../../errors.ts';
import { JournalReading } from '../../protocol/journal/reading.ts';
import type { JournalRecord } from '../../protocol/journal/record.ts';
import { showFile } from '../../protocol/show.ts';

const CHUNK_BYTES = 256 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of its path is not a directory',
  EISDIR: 'is a directory, not a journal',
  ENXIO: 'is not a regular file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
};

/** Not wrong use, but a failure. */
const DISK = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE']);

export const journalError = (file: string, reason: string, hint?: string, cause?: unknown): ProcctlError =>
  new ProcctlError('ERR_JOURNAL', `journal ${showFile(file)}: ${reason}`, {
    cause,
    ...(hint === undefined ? undefined : { hint }),
  });

/** What the system's error says of a journal. */
export const cannotOpen = (file: string, cause: unknown): ProcctlError => {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code !== undefined && DISK.has(code)) {
    return new ProcctlError('ERR_DISK', `journal ${showFile(file)}: ${showFile(message)}`, { cause });
  }
  const hint =
    code === 'ENOENT' && !existsSync(dirname(file)) ? `there is no directory ${showFile(dirname(file))}` : undefined;
  return journalError(file, REASONS[code ?? ''] ?? showFile(message), hint, cause);
};

/**
 * Opens what is, or is to be, a journal; a FIFO does not make it wait.
 *
 * @throws ProcctlError ERR_JOURNAL for what cannot be opened, and for what is no regular file
 */
export const openRegular = async (file: string, flags: number): Promise<FileHandle> => {
  let handle: FileHandle;
  try {
    handle = await open(file, flags | constants.O_NONBLOCK | constants.O_NOCTTY, 0o600);
  } catch (error) {
    throw cannotOpen(file, error);
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  throw journalError(file, stats.isDirectory() ? 'is a directory, not a journal' : 'is not a regular file');
};

/**
 * Reads all of a journal.
 *
 * @param take is given each record, in order
 * @throws ProcctlError ERR_JOURNAL when it is none, or one of a later version; an empty file is one
 */
export const readJournal = async (
  handle: FileHandle,
  file: string,
  take: (record: JournalRecord) => void,
): Promise<JournalReading> => {
  const reading = new JournalReading(take);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let position = 0;
  for (;;) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position));
    } catch (error) {
      throw cannotOpen(file, error);
    }
    if (bytesRead === 0) break;
    position += bytesRead;
    reading.push(chunk.subarray(0, bytesRead));
    if (reading.refusal !== undefined) break;
  }
  reading.end();
  if (reading.refusal === 'newer') {
    throw journalError(file, 'was written by a later version of procctl', 'use that version, or another file');
  }
  if (reading.refusal === 'foreign') {
    throw journalError(file, 'is not a journal of procctl', 'it is left as it is; give another file');
  }
  return reading;
};
