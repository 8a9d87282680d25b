import type { TaskCommand } from '../../core/pool/task.ts';
import { shellQuote } from '../shell-text.ts';
import { type Bytes, base64Text, isoTime, isText, type TaskRecord } from '../task-record.ts';

// CSV as in RFC 4180: a header, CRLF between rows, a quote in quotes is doubled, line ends in quotes stay as they are.

/** GNU parallel's columns where there are such, then those it does not have. */
const COLUMNS = [
  ...['Seq', 'Id', 'Name', 'State', 'ExitCode', 'Signal', 'StartedAt', 'DurationMs', 'Attempts', 'Slot', 'Command'],
  ...['Stdout', 'Stderr', 'Encoding', 'Error'],
];

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`;

const PLAIN_WORD = /^[A-Za-z0-9_./:,+@%=-]+$/;

/** A command as one could type it into a shell. */
const commandText = (command: TaskCommand): string => {
  switch (command.kind) {
    case 'shell':
      return command.line;
    case 'argv':
      return command.argv.map((word) => (PLAIN_WORD.test(word) ? word : shellQuote(word))).join(' ');
    case 'function':
      return JSON.stringify({ module: command.module, export: command.exportName, args: command.args });
  }
};

/** A file of CSV is UTF-8: a lone surrogate that stands for a byte is shown as that byte, as in `\xe9`. */
const textual = (text: string): string =>
  text
    .replace(/[\udc80-\udcff]/gu, (surrogate) => `\\x${(surrogate.charCodeAt(0) - 0xdc00).toString(16)}`)
    .replace(/[\ud800-\udfff]/gu, '\ufffd');

const cell = (value: string | number | null): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = textual(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function* quotedText(bytes: Bytes): Generator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (const chunk of bytes.chunks()) yield decoder.decode(chunk, { stream: true }).replaceAll('"', '""');
  yield decoder.decode();
}

/**
 * The row of a finished task, in pieces. `Stdout` and `Stderr` are text where both are UTF-8; else both are base64, and
 * `Encoding` says so.
 */
export function* csvRow(record: TaskRecord, command: TaskCommand, stdout: Bytes, stderr: Bytes): Generator<Buffer> {
  const { seq, id, name, state, exitCode, signal, startedAt, durationMs, attempts, slot, error } = record;
  const head = [seq, id, name, state, exitCode, signal, isoTime(startedAt), durationMs, attempts, slot];
  const areText = isText(stdout) && isText(stderr);
  yield Buffer.from([...head, commandText(command)].map(cell).join(','));
  for (const bytes of [stdout, stderr]) {
    yield Buffer.from(bytes.size === 0 ? ',' : ',"');
    if (bytes.size === 0) continue;
    for (const piece of areText ? quotedText(bytes) : base64Text(bytes)) yield Buffer.from(piece);
    yield Buffer.from('"');
  }
  yield Buffer.from(`,${areText ? '' : 'base64'},${cell(error?.code ?? null)}\r\n`);
}

const QUOTE = 34;
const NEWLINE = 10;

/**
 * How many bytes of a file the whole rows take: what stands behind them was being written when its writer was killed.
 * A row ends at a line end outside of quotes, and doubled quotes do not matter to that.
 */
export const wholeCsvBytes = (chunks: Iterable<Uint8Array>): number => {
  let whole = 0;
  let at = 0;
  let isQuoted = false;
  for (const chunk of chunks) {
    for (const byte of chunk) {
      at += 1;
      if (byte === QUOTE) isQuoted = !isQuoted;
      else if (byte === NEWLINE && !isQuoted) whole = at;
    }
  }
  return whole;
};

/** The same for NDJSON. */
export const wholeLinesBytes = (chunks: Iterable<Uint8Array>): number => {
  let whole = 0;
  let at = 0;
  for (const chunk of chunks) {
    const newline = chunk.lastIndexOf(NEWLINE);
    if (newline !== -1) whole = at + newline + 1;
    at += chunk.length;
  }
  return whole;
};
