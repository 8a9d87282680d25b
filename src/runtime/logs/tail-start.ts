import { closeSync, fstatSync, openSync } from 'node:fs';
import { type LogRecord, type LogStream, parseRecord } from '../../protocol/log-record.ts';
import { LogCursor, type LogPosition } from './log-cursor.ts';
import { endOfRecords, logNumbers, logPath, readAt } from './log-files.ts';

const NEWLINE = 10;
const BLOCK_BYTES = 64 * 1024;
/** How far the beginning of the first line is looked for, when another stream has written much since. */
const LOOK_BACK_BYTES = 256 * 1024;

export interface TailStart {
  readonly position: LogPosition;
  /** Records from there on that come before the end of the first line: they only say how lines begin. */
  readonly context: number;
}

interface PlacedRecord {
  readonly record: LogRecord;
  readonly position: LogPosition;
  readonly bytes: number;
}

/** The records of an open file, the last one first. */
function* fileBackwards(fd: number, file: number): Generator<PlacedRecord> {
  let end = endOfRecords(fd, fstatSync(fd).size);
  for (let length = BLOCK_BYTES; end > 0; ) {
    const start = Math.max(0, end - length);
    const bytes = readAt(fd, start, end - start);
    const first = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1; // before that is the end of a record of the next block
    if (first === bytes.length) {
      length *= 2;
      continue;
    }
    for (let to = bytes.length - 1; to >= first; ) {
      const from = to === first ? first : Math.max(first, bytes.lastIndexOf(NEWLINE, to - 1) + 1);
      const record = parseRecord(bytes, from, to);
      if (record !== null) yield { record, position: { file, offset: start + from }, bytes: to + 1 - from };
      to = from - 1;
    }
    end = start + first;
    length = BLOCK_BYTES;
  }
}

/** The records of a log, the last one first, read in blocks and no further than they are asked for. */
function* recordsBackwards(directory: string): Generator<PlacedRecord> {
  for (const number of logNumbers(directory).reverse()) {
    let fd: number;
    try {
      fd = openSync(logPath(directory, number), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // rotated away, and so are those before it
      throw error;
    }
    try {
      yield* fileBackwards(fd, number);
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * Where to begin to read, to get the last `count` lines of the wanted streams. A line counts where its last piece stands,
 * so one that has stayed open while much else came is not among the last.
 *
 * @param count Infinity: all
 * @throws the file system's error when the log is there and cannot be read
 */
export const tailStart = (directory: string, count: number, streams: ReadonlySet<LogStream>): TailStart => {
  if (count === 0) return { position: LogCursor.atEnd(directory).position, context: 0 };
  let position = LogCursor.atStart(directory).position;
  if (count === Number.POSITIVE_INFINITY) return { position, context: 0 };
  let lines = 0;
  let context = 0;
  let contextBytes = 0;
  /** Streams of which we stand inside a line: have seen its end, and not yet its beginning. */
  const inside = new Set<LogStream>();
  for (const { record, position: here, bytes } of recordsBackwards(directory)) {
    const { stream, isFull } = record;
    const isNote = stream === 'procctl';
    if (isNote) inside.clear();
    if (isFull) inside.delete(stream);
    if (lines >= count) {
      // Enough lines: only their beginnings are still looked for.
      if (inside.size === 0 || contextBytes > LOOK_BACK_BYTES) break;
      context += 1;
      contextBytes += bytes;
    } else if (streams.has(stream)) {
      if (!inside.has(stream)) lines += 1;
      if (!isNote) inside.add(stream);
    }
    position = here;
  }
  return { position, context };
};

/** The beginning of the first file that may hold records of `since` (ISO 8601, UTC) or later. */
export const sinceStart = (directory: string, since: string): LogPosition => {
  const numbers = logNumbers(directory);
  const file = numbers.findLast((number) => (firstTime(directory, number) ?? since) < since) ?? numbers[0] ?? 0;
  return { file, offset: 0 };
};

const firstTime = (directory: string, file: number): string | undefined => {
  const cursor = new LogCursor(directory, { file, offset: 0 });
  try {
    return cursor.read()[0]?.time;
  } finally {
    cursor.close();
  }
};
