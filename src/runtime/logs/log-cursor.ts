import { closeSync, fstatSync, openSync } from 'node:fs';
import { type LogRecord, parseRecords } from '../../protocol/log-record.ts';
import { endOfRecords, logNumbers, logPath, readAt } from './log-files.ts';

/** A place between two records; it stays valid for as long as its file is there. */
export interface LogPosition {
  /** Number of the file; 0: before the first one. */
  readonly file: number;
  readonly offset: number;
}

/** What one `read` reads at most, if no record is longer. */
const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);

export const isBefore = (a: LogPosition, b: LogPosition): boolean =>
  a.file < b.file || (a.file === b.file && a.offset < b.offset);

/** The position after all that is in the log now. */
const endOf = (directory: string): LogPosition => {
  const file = logNumbers(directory).at(-1) ?? 0;
  if (file === 0) return { file, offset: 0 };
  let fd: number;
  try {
    fd = openSync(logPath(directory, file), 'r');
  } catch {
    return { file, offset: 0 };
  }
  try {
    return { file, offset: endOfRecords(fd, fstatSync(fd).size) };
  } finally {
    closeSync(fd);
  }
};

/**
 * Goes through a log record by record, from one file to the next, for as long as it is written.
 *
 * The file it is in stays open, so that it is read to its end even if it is removed meanwhile. Where whole files were
 * removed before they could be read, a record of procctl says so.
 */
export class LogCursor {
  readonly #directory: string;
  #position: LogPosition;
  #fd: number | undefined;
  /** Files that were missed, and are not yet told of. */
  #missed = 0;

  /** @param directory need not exist yet */
  constructor(directory: string, position: LogPosition) {
    this.#directory = directory;
    this.#position = position;
  }

  static atStart(directory: string): LogCursor {
    return new LogCursor(directory, { file: logNumbers(directory)[0] ?? 0, offset: 0 });
  }

  static atEnd(directory: string): LogCursor {
    return new LogCursor(directory, endOf(directory));
  }

  /** Where the next `read` goes on. */
  get position(): LogPosition {
    return this.#position;
  }

  /**
   * The next records, as many as are there and fit a block; none when there is nothing new.
   * @throws the file system's error, such as EACCES, when the log is there and cannot be read
   */
  read(): LogRecord[] {
    for (;;) {
      const here = this.#readHere();
      if (here.length > 0) return here;
      const next = this.#nextFile();
      if (next === undefined) return [];
      // The writer leaves a file for good before it opens the next one, so now, and only now, its end is its end.
      const rest = this.#readHere();
      if (rest.length > 0) return rest;
      this.#enter(next);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #readHere(): LogRecord[] {
    for (let bytes = this.#block(); bytes.length > 0; bytes = this.#block()) {
      const records = parseRecords(bytes);
      const first = records[0];
      if (first === undefined) continue;
      if (this.#missed > 0) records.unshift(missedRecord(first.time, this.#missed));
      this.#missed = 0;
      return records;
    }
    return [];
  }

  /** The next whole records of this file. */
  #block(): Buffer {
    const { file, offset } = this.#position;
    if (file === 0) return NOTHING;
    this.#fd ??= openIfThere(logPath(this.#directory, file));
    if (this.#fd === undefined) return NOTHING;
    const { size } = fstatSync(this.#fd);
    const start = offset <= size ? offset : 0; // somebody emptied the file
    for (let length = BLOCK_BYTES; ; length *= 2) {
      const bytes = readAt(this.#fd, start, Math.min(length, size - start));
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end > 0 || bytes.length < length) {
        this.#position = { file, offset: start + end };
        return bytes.subarray(0, end);
      }
    }
  }

  #nextFile(): number | undefined {
    const numbers = logNumbers(this.#directory);
    const { file } = this.#position;
    // All removed by hand, and begun anew by another writer.
    if (numbers.length > 0 && (numbers.at(-1) as number) < file) return numbers[0];
    return numbers.find((number) => number > file);
  }

  #enter(next: number): void {
    const { file } = this.#position;
    const isMissed = file > 0 && this.#fd === undefined;
    if (next > file) this.#missed += next - file - 1 + (isMissed ? 1 : 0);
    this.close();
    this.#position = { file: next, offset: 0 };
  }
}

const openIfThere = (path: string): number | undefined => {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const missedRecord = (time: string, count: number): LogRecord => ({
  time,
  stream: 'procctl',
  isFull: true,
  text: Buffer.from(
    count === 1
      ? 'a file of the log was removed before it could be read'
      : `${count} files of the log were removed before they could be read`,
  ),
});
