import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LineAssembler, type LogLine } from '../../protocol/log-line.ts';
import type { LogRecord, LogStream } from '../../protocol/log-record.ts';
import { isBefore, LogCursor, type LogPosition } from './log-cursor.ts';
import { LogWatch } from './log-watch.ts';
import { sinceStart, tailStart } from './tail-start.ts';

/** Which lines of a log. */
export interface LogSelection {
  /** The last ones that are there at the beginning; Infinity: all. */
  readonly lines: number;
  /** None that began before; ISO 8601, UTC, 24 characters; null: no limit. */
  readonly since: string | null;
  readonly streams: ReadonlySet<LogStream>;
}

/** The lines of one log: those that are there, then those that come. */
export class LogReader {
  readonly directory: string;
  readonly #selection: LogSelection;
  readonly #cursor: LogCursor;
  readonly #end: LogPosition;
  readonly #assembler = new LineAssembler();
  /** Records to come that only say how lines begin, and streams whose open line has had no other since. */
  #context = 0;
  readonly #stale = new Set<LogStream>();

  /**
   * @param directory need not exist yet
   * @throws the file system's error, such as EACCES, when the log is there and cannot be read
   */
  constructor(directory: string, selection: LogSelection) {
    this.directory = directory;
    this.#selection = selection;
    this.#end = LogCursor.atEnd(directory).position;
    const { lines, since, streams } = selection;
    if (lines === Number.POSITIVE_INFINITY && since !== null) {
      this.#cursor = new LogCursor(directory, sinceStart(directory, since));
    } else {
      const { position, context } = tailStart(directory, lines, streams);
      this.#cursor = new LogCursor(directory, position);
      this.#context = context;
    }
  }

  /** What was in the log when the reader was made. A writer that goes on cannot keep it from ending. */
  *linesNow(): Generator<LogLine> {
    while (isBefore(this.#cursor.position, this.#end)) {
      const records = this.#cursor.read();
      if (records.length === 0) return;
      yield* this.#linesOf(records);
    }
  }

  /** Some of the lines that have come since, or null when there is nothing new. None may be complete yet: []. */
  nextLines(): LogLine[] | null {
    const records = this.#cursor.read();
    return records.length === 0 ? null : this.#linesOf(records);
  }

  /** The lines that have no end yet; they are not waited for any longer. */
  openLines(): LogLine[] {
    return this.#wanted(this.#assembler.rest());
  }

  close(): void {
    this.#cursor.close();
  }

  #linesOf(records: readonly LogRecord[]): LogLine[] {
    return records.flatMap((record) => {
      const { stream } = record;
      if (this.#context > 0) {
        this.#context -= 1;
        this.#assembler.add(record);
        this.#stale.add(stream);
        return [];
      }
      this.#stale.delete(stream);
      return this.#wanted(this.#assembler.add(record));
    });
  }

  #wanted(lines: readonly LogLine[]): LogLine[] {
    const { streams, since } = this.#selection;
    return lines.filter(
      ({ stream, time, end }) =>
        streams.has(stream) && (since === null || time >= since) && !(end === 'none' && this.#stale.has(stream)),
    );
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Sourced<Source> {
  readonly source: Source;
  readonly line: LogLine;
}

/** Puts the lines of several logs in the order of time; those of one log stay in theirs. */
export function* mergedByTime<Source>(
  logs: Iterable<{ readonly source: Source; readonly lines: Iterator<LogLine> }>,
): Generator<Sourced<Source>> {
  /** The next line of each log, the latest first. */
  const heads: { readonly source: Source; readonly lines: Iterator<LogLine>; readonly line: LogLine }[] = [];
  const advance = (source: Source, lines: Iterator<LogLine>): void => {
    const { done, value: line } = lines.next();
    if (done) return;
    let low = 0;
    for (let high = heads.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((heads[middle] as { line: LogLine }).line.time > line.time) low = middle + 1;
      else high = middle;
    }
    heads.splice(low, 0, { source, lines, line });
  };
  for (const { source, lines } of logs) advance(source, lines);
  for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
    const { source, lines, line } = head;
    yield { source, line };
    advance(source, lines);
  }
}

/**
 * Goes on with logs as they are written, in the order in which news arrive, until `signal` is aborted or the directories
 * that hold them (of the processes) are gone. A log that is not there yet is waited for.
 *
 * @throws the file system's error when a log cannot be read
 */
export async function* followLogs<Reader extends LogReader>(
  readers: readonly Reader[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly reader: Reader; readonly lines: readonly LogLine[] }> {
  const logs = new Map(readers.map((reader) => [reader.directory, { reader, wasThere: false }]));
  const watch = new LogWatch([...logs.keys()]);
  /** Those that may have more. A block of each in turn, so that a busy one keeps neither the others nor signals waiting. */
  const pending = new Set(logs.keys());
  try {
    while (logs.size > 0 && !signal.aborted) {
      for (const [directory, log] of logs) {
        if (!pending.has(directory)) continue;
        const isThere = existsSync(dirname(directory)); // looked at before the last read: nothing is written after it
        const lines = log.reader.nextLines();
        if (lines === null) {
          pending.delete(directory);
          if (log.wasThere && !isThere) logs.delete(directory);
        }
        log.wasThere ||= isThere;
        const shown = lines ?? (logs.has(directory) ? [] : log.reader.openLines());
        if (shown.length > 0) yield { reader: log.reader, lines: shown };
        if (signal.aborted) return;
      }
      await nextTurn();
      if (pending.size === 0) await watch.wait(signal);
      for (const directory of watch.take()) pending.add(directory);
    }
  } finally {
    watch.close();
  }
}
