import type { LogRecord, LogStream } from './log-record.ts';

export interface LogLine {
  /** When it began; ISO 8601, UTC, 24 characters. */
  readonly time: string;
  readonly stream: LogStream;
  /** The bytes of the line, without its newline. */
  readonly text: Buffer;
  /**
   * `newline`: a whole line. `none`: its end was never seen. `continues`: it is longer than `MAX_LINE_BYTES`, and the
   * next line of the stream is the rest of it.
   */
  readonly end: 'newline' | 'none' | 'continues';
}

/** A line that has no end in sight is handed on in parts of about this size. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** More parts than this are joined: a buffer of its own costs more than a hundred bytes. */
const MAX_PARTS = 1000;

interface OpenLine {
  readonly time: string;
  parts: Buffer[];
  bytes: number;
}

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));

/**
 * Makes lines of the records of one process.
 * A record of procctl ends the open lines of all streams: between it and what comes next, something is missing.
 */
export class LineAssembler {
  readonly #open = new Map<LogStream, OpenLine>();

  /** The lines that this record ends, in order. Their text may be a view of the record's. */
  add(record: LogRecord): LogLine[] {
    const { time, stream, text } = record;
    if (stream === 'procctl') return [...this.rest(), { time, stream, text, end: 'newline' }];
    const open = this.#open.get(stream);
    if (record.isFull) {
      this.#open.delete(stream);
      if (open === undefined) return [{ time, stream, text, end: 'newline' }];
      return [{ time: open.time, stream, text: joined([...open.parts, text]), end: 'newline' }];
    }
    const line = open ?? { time, parts: [], bytes: 0 };
    line.parts.push(Buffer.from(text)); // a copy: what was read with it need not stay
    line.bytes += text.length;
    if (line.parts.length > MAX_PARTS) line.parts = [joined(line.parts)];
    this.#open.set(stream, line);
    if (line.bytes < MAX_LINE_BYTES) return [];
    this.#open.delete(stream);
    return [{ time: line.time, stream, text: joined(line.parts), end: 'continues' }];
  }

  /** The lines that have not ended; they are not waited for any longer. */
  rest(): LogLine[] {
    const lines = [...this.#open].map(
      ([stream, { time, parts }]): LogLine => ({ time, stream, text: joined(parts), end: 'none' }),
    );
    this.#open.clear();
    return lines;
  }
}
