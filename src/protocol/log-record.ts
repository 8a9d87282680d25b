// The records of a log file, in the format of the Container Runtime Interface of Kubernetes (`logs` of kubelet's CRI):
//
//   2026-11-22T19:18:51.123Z stdout F a whole line, or the end of one
//   2026-11-22T19:18:51.123Z stdout P the beginning of a line that has not ended yet
//
// The text is bytes, not UTF-8: any byte but a newline stands for itself. While records are made they are latin1 text,
// one character a byte, since the engine joins and searches strings faster than we could move bytes.

/** `procctl` is what the daemon itself has to say about the log, such as lines that could not be kept. */
export type LogStream = 'stdout' | 'stderr' | 'procctl';

export interface LogRecord {
  /** ISO 8601, UTC, always 24 characters: times compare as text. */
  readonly time: string;
  readonly stream: LogStream;
  /** The text is the end of its line; the newline itself is not part of it. */
  readonly isFull: boolean;
  /** A view of the memory that was read: copy it to keep it. */
  readonly text: Buffer;
}

/** What stands before the text of the records of one stream at one time; both are equally long. */
export interface RecordHeads {
  readonly full: string;
  readonly partial: string;
}

const NEWLINE = 10;
const TIME_LENGTH = 24;
const KIND_LENGTH = ' stdout F '.length;

/** @param time as `Date.prototype.toISOString` gives it */
export const recordHeads = (time: string, stream: LogStream): RecordHeads => ({
  full: `${time} ${stream} F `,
  partial: `${time} ${stream} P `,
});

/** The records of a chunk of output, as latin1 text: one for each line, and one for what follows the last newline. */
export const recordsOf = (chunk: Buffer, { full, partial }: RecordHeads): string => {
  const text = chunk.toString('latin1');
  const end = text.lastIndexOf('\n') + 1;
  const rest = end === text.length ? '' : `${partial}${text.slice(end)}\n`;
  if (end === 0) return rest;
  return `${full}${text.slice(0, end - 1).replaceAll('\n', `\n${full}`)}\n${rest}`;
};

/** One record of text that is ours, as latin1 text; line breaks in it become spaces. */
export const noteRecord = (time: string, text: string): string =>
  `${recordHeads(time, 'procctl').full}${Buffer.from(text.replaceAll(/[\r\n]+/g, ' ')).toString('latin1')}\n`;

/** What output amounts to: newlines in it, and bytes, newlines included. */
export interface OutputAmount {
  readonly lines: number;
  readonly bytes: number;
}

export const amountOf = (chunk: Buffer): OutputAmount => {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
  return { lines, bytes: chunk.length };
};

/** How much output is in the last records of a chunk. @param records whole ones, as `recordsOf` made them */
export const amountIn = (records: string, { full }: RecordHeads, endsWithNewline: boolean): OutputAmount => {
  let count = 0;
  for (let at = records.indexOf('\n'); at !== -1; at = records.indexOf('\n', at + 1)) count += 1;
  const partial = endsWithNewline || count === 0 ? 0 : 1;
  return { lines: count - partial, bytes: records.length - count * full.length - partial };
};

type RecordKind = Pick<LogRecord, 'stream' | 'isFull'>;

/** By what follows the time, cut to what all have. */
const KINDS: ReadonlyMap<string, RecordKind> = new Map(
  (['stdout', 'stderr', 'procctl'] as const).flatMap((stream): [string, RecordKind][] => [
    [` ${stream} F `.slice(0, KIND_LENGTH), { stream, isFull: true }],
    [` ${stream} P `.slice(0, KIND_LENGTH), { stream, isFull: false }],
  ]),
);

/**
 * Reads the record in `bytes` from `start` up to its newline at `end`.
 * @returns null when it is none: the end of procctl came in the middle of its head, or somebody else wrote there
 */
export const parseRecord = (bytes: Buffer, start: number, end: number): LogRecord | null => {
  const head = bytes.toString('latin1', start, Math.min(end, start + TIME_LENGTH + KIND_LENGTH));
  const kind = KINDS.get(head.slice(TIME_LENGTH));
  if (kind === undefined || head[10] !== 'T' || head[23] !== 'Z') return null;
  const from = start + TIME_LENGTH + kind.stream.length + 4;
  return from > end ? null : { time: head.slice(0, TIME_LENGTH), ...kind, text: bytes.subarray(from, end) };
};

/** All records in bytes that begin and end with whole ones; what is none is left out. */
export const parseRecords = (bytes: Buffer): LogRecord[] => {
  const records: LogRecord[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1) break;
    const record = parseRecord(bytes, start, end);
    if (record !== null) records.push(record);
    start = end + 1;
  }
  return records;
};

/** The very bytes that were written to the stream. */
export const outputOf = ({ text, isFull }: LogRecord): Buffer => {
  if (!isFull) return text;
  const bytes = Buffer.allocUnsafe(text.length + 1);
  text.copy(bytes);
  bytes[text.length] = NEWLINE;
  return bytes;
};
