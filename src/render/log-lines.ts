// Lines of logs as `procctl logs` shows them. Every run loads this, so nothing here imports colours or widths.
import { isUtf8 } from 'node:buffer';
import { printable } from '../core/printable.ts';
import type { LogLine } from '../protocol/log-line.ts';

/** Whose lines they are. */
export interface LogOwner {
  readonly id: number;
  readonly name: string;
}

const NEWLINE = Buffer.from('\n');

/**
 * A line of NDJSON, its newline included: `{ time, id, name, stream, line }`.
 * With `base64`, the exact bytes, where they are not UTF-8 (`line` then has U+FFFD for what is not); with
 * `partial: true` where the line's end was not seen.
 */
export const logJson = ({ time, stream, text, end }: LogLine, { id, name }: LogOwner): string =>
  `${JSON.stringify({
    time,
    id,
    name,
    stream,
    line: text.toString('utf8'),
    ...(isUtf8(text) ? {} : { base64: text.toString('base64') }),
    ...(end === 'newline' ? {} : { partial: true }),
  })}\n`;

/** `name | `, as wide as the widest, for names whose characters are all one cell wide; see `log-prefixes.ts`. */
export const plainPrefixes = (names: readonly string[]): string[] => {
  const shown = names.map(printable);
  const width = Math.max(0, ...shown.map((name) => name.length));
  return shown.map((name) => `${name.padEnd(width)} | `);
};

export interface LogTextOptions {
  /** Puts the time, ISO 8601, in front of each line. */
  readonly timestamps: boolean;
  /** At the end, a line without an end gets one: the prompt of a shell comes next. */
  readonly isTerminal: boolean;
}

/**
 * Lines as text: the bytes of the processes, unchanged. A line that has no end is gone on with where the same stream goes on
 * at once; else it gets an end, as no two lines share one.
 */
export class LogText {
  readonly #options: LogTextOptions;
  #open: { readonly prefix: string; readonly stream: LogLine['stream'] } | null = null;

  constructor(options: LogTextOptions) {
    this.#options = options;
  }

  /** @param prefix what stands in front of the lines of this process; '' for none */
  line({ time, stream, text, end }: LogLine, prefix: string): Buffer[] {
    const open = this.#open;
    const goesOn = open !== null && open.prefix === prefix && open.stream === stream;
    this.#open = end === 'newline' ? null : { prefix, stream };
    const head = goesOn
      ? ''
      : `${open === null ? '' : '\n'}${prefix}${this.#options.timestamps ? `${time} ` : ''}${stream === 'procctl' ? 'procctl: ' : ''}`;
    return [...(head === '' ? [] : [Buffer.from(head)]), text, ...(end === 'newline' ? [NEWLINE] : [])];
  }

  /** What is to be written when nothing follows. */
  end(): string {
    const isOpen = this.#open !== null && (this.#options.isTerminal || this.#open.prefix !== '');
    this.#open = null;
    return isOpen ? '\n' : '';
  }
}
