import { ProcctlError } from '../../errors.ts';
import { decodeBytes } from '../bytes.ts';
import { showFile } from '../show.ts';
import { MAX_RECORD_BYTES } from './record-splitter.ts';

const BOM = '\u00ef\u00bb\u00bf';

type State = 'fieldStart' | 'plain' | 'quoted' | 'quoteInQuoted' | 'carriageReturn';

/** A row of a table, and the line it begins on. */
export interface TableLine {
  readonly fields: readonly string[];
  readonly line: number;
}

/**
 * Reads comma- or tab-separated values as RFC 4180 has them, from bytes that arrive in chunks: a field may be quoted, and
 * hold delimiters, line ends and doubled quotes then. LF ends a row as well as CRLF; a byte order mark is skipped.
 *
 * Throws ProcctlError ERR_INPUT, with the number of the line, for a quote inside a field that is not quoted, text behind
 * a closing quote, and a quote that is never closed.
 */
export class TableParser {
  readonly #delimiter: string;
  readonly #name: string;
  #state: State = 'fieldStart';
  #field = '';
  #fields: string[] = [];
  #line = 1;
  #rowLine = 1;
  #isAtBeginning = true;
  #head = '';
  /** The carriage return stands behind a closing quote. */
  #wasQuoted = false;

  /** @param name of the file, for messages */
  constructor(delimiter: ',' | '\t', name: string) {
    this.#delimiter = delimiter;
    this.#name = name;
  }

  /** The rows that end in this chunk. */
  *push(chunk: Uint8Array): Generator<TableLine> {
    // One unit a byte, so that what is no UTF-8 stays what it is; all that has a meaning here is ASCII.
    yield* this.#read(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1'));
  }

  /** The last row, if no line end was behind it. */
  *end(): Generator<TableLine> {
    if (this.#isAtBeginning) {
      this.#isAtBeginning = false;
      yield* this.#read(this.#head);
    }
    if (this.#state === 'quoted') {
      throw this.#problem('the quote is not closed', this.#rowLine);
    }
    if (this.#state === 'carriageReturn' && !this.#wasQuoted) this.#field += '\r';
    if (this.#state !== 'fieldStart' || this.#fields.length > 0) yield this.#endRow();
  }

  *#read(given: string): Generator<TableLine> {
    let text = given;
    if (this.#isAtBeginning) {
      this.#head += given;
      if (this.#head.length < BOM.length && BOM.startsWith(this.#head)) return;
      this.#isAtBeginning = false;
      text = this.#head.startsWith(BOM) ? this.#head.slice(BOM.length) : this.#head;
    }
    for (let at = 0; at < text.length; ) {
      const run = this.#plainRun(text, at);
      if (run > at) {
        this.#field += text.slice(at, run);
        if (this.#field.length > MAX_RECORD_BYTES) throw this.#problem('a field is longer than 64 MiB');
        at = run;
        continue;
      }
      const row = this.#take(text[at] as string);
      at += 1;
      if (row !== undefined) yield row;
    }
  }

  /** The end of what is text, from here on: it is taken in one piece. */
  #plainRun(text: string, from: number): number {
    let at = from;
    if (this.#state === 'quoted') {
      while (at < text.length && text[at] !== '"' && text[at] !== '\n') at += 1;
    } else if (this.#state === 'plain') {
      while (at < text.length && !this.#isSpecial(text[at] as string)) at += 1;
    }
    return at;
  }

  #isSpecial(character: string): boolean {
    return character === this.#delimiter || character === '\n' || character === '\r' || character === '"';
  }

  #take(character: string): TableLine | undefined {
    if (this.#state === 'quoted') {
      if (character === '"') this.#state = 'quoteInQuoted';
      else {
        this.#field += character;
        this.#line += 1; // nothing but a newline is not part of a run
      }
      return undefined;
    }
    if (this.#state === 'carriageReturn' && character !== '\n') {
      if (this.#wasQuoted) throw this.#problem('text behind a closing quote');
      this.#field += '\r';
      this.#state = 'plain';
    }
    return this.#takeOutside(character);
  }

  #takeOutside(character: string): TableLine | undefined {
    switch (character) {
      case this.#delimiter:
        this.#endField();
        return undefined;
      case '\n':
        return this.#endRow();
      case '\r':
        this.#wasQuoted = this.#state === 'quoteInQuoted';
        this.#state = 'carriageReturn';
        return undefined;
      case '"':
        if (this.#state === 'quoteInQuoted') this.#field += '"';
        else if (this.#state !== 'fieldStart') {
          throw this.#problem('a quote inside a field that does not begin with one');
        }
        this.#state = 'quoted';
        return undefined;
      default:
        if (this.#state === 'quoteInQuoted') throw this.#problem('text behind a closing quote');
        this.#field += character;
        this.#state = 'plain';
        return undefined;
    }
  }

  #endField(): void {
    this.#fields.push(decodeBytes(Buffer.from(this.#field, 'latin1')));
    this.#field = '';
    this.#state = 'fieldStart';
  }

  #endRow(): TableLine {
    this.#endField();
    const row = { fields: this.#fields, line: this.#rowLine };
    this.#fields = [];
    this.#line += 1;
    this.#rowLine = this.#line;
    return row;
  }

  #problem(what: string, line = this.#line): ProcctlError {
    return new ProcctlError('ERR_INPUT', `${showFile(this.#name)}:${line}: ${what}`, {
      hint: 'a field with quotes in it is written "like ""this"""',
    });
  }
}
