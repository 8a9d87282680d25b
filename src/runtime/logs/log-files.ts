import { fstatSync, ftruncateSync, readdirSync, readSync, unlinkSync } from 'node:fs';

const NEWLINE = 10;
const BLOCK_BYTES = 16 * 1024;

export const logPath = (directory: string, number: number): string =>
  `${directory}/${String(number).padStart(6, '0')}.log`;

/**
 * The numbers of the files in a log directory, ascending; none when there is no such directory.
 * @throws the file system's error when it is there and cannot be read
 */
export const logNumbers = (directory: string): number[] => {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => /^\d{6,15}\.log$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
};

/** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
export const readAt = (fd: number, position: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
};

/** Where the last whole record of a file ends, in bytes from its start: a writer may be in the middle of the next. */
export const endOfRecords = (fd: number, size: number): number => {
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const newline = readAt(fd, start, end - start).lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
};

/** A file that cannot be removed now is tried again with the next one. */
export const removeLog = (directory: string, number: number): void => {
  try {
    unlinkSync(logPath(directory, number));
  } catch {}
};

/** Takes the beginning of a record off the end of a file. Where that fails, whoever opens it next closes the record. */
export const takeBack = (fd: number, bytes: number): void => {
  if (bytes === 0) return;
  try {
    ftruncateSync(fd, fstatSync(fd).size - bytes);
  } catch {}
};
