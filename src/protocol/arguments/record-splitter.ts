import { isUtf8 } from 'node:buffer';
import { ProcctlError } from '../../errors.ts';
import { decodeBytes } from '../bytes.ts';
import { showFile } from '../show.ts';

/** The longest line that is read; what is longer is no argument, but something else. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** Cuts bytes that arrive in chunks into records that a byte ends: lines, or what NUL ends. A last one may have no end. */
export class RecordSplitter {
  readonly #end: number;
  readonly #name: string;
  #begun: Uint8Array[] = [];
  #length = 0;
  #count = 0;

  /**
   * @param end the byte
   * @param name of the file, for messages
   */
  constructor(end: number, name: string) {
    this.#end = end;
    this.#name = name;
  }

  /**
   * The records that end in this chunk, without their ends; they may share its memory.
   * @throws ProcctlError ERR_INPUT for one that is too long
   */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    for (let at = chunk.indexOf(this.#end); at !== -1; at = chunk.indexOf(this.#end, from)) {
      this.#count += 1;
      yield this.#whole(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from === chunk.length) return;
    this.#length += chunk.length - from;
    this.#check(0);
    // A copy: what is left of a chunk must not keep all of it.
    this.#begun.push(chunk.slice(from));
  }

  /** The same records as texts. */
  texts(chunk: Uint8Array): string[] {
    const first = chunk.indexOf(this.#end) + 1;
    const end = chunk.lastIndexOf(this.#end);
    const whole = Buffer.from(chunk.buffer, chunk.byteOffset + first, Math.max(0, end - first));
    // One by one takes five times as long. The end is ASCII, which is never a part of another character.
    if (first === 0 || first > end || !isUtf8(whole)) return Array.from(this.push(chunk), decodeBytes);
    const begun = Array.from(this.push(chunk.subarray(0, first)), decodeBytes);
    const texts = [...begun, ...whole.toString('utf8').split(String.fromCharCode(this.#end))];
    this.#count += texts.length - begun.length;
    if (end + 1 < chunk.length) texts.push(...Array.from(this.push(chunk.subarray(end + 1)), decodeBytes));
    return texts;
  }

  /** A last record that nothing ends. */
  *end(): Generator<Uint8Array> {
    this.#count += 1;
    if (this.#length > 0) yield this.#whole(new Uint8Array(0));
  }

  #check(more: number): void {
    if (this.#length + more <= MAX_RECORD_BYTES) return;
    throw new ProcctlError(
      'ERR_INPUT',
      `${showFile(this.#name)}: line ${this.#count + 1} is longer than ${MAX_RECORD_BYTES / 1024 / 1024} MiB`,
    );
  }

  #whole(rest: Uint8Array): Uint8Array {
    this.#check(rest.length);
    if (this.#begun.length === 0) return rest;
    const record = new Uint8Array(this.#length + rest.length);
    let at = 0;
    for (const piece of [...this.#begun, rest]) {
      record.set(piece, at);
      at += piece.length;
    }
    this.#begun = [];
    this.#length = 0;
    return record;
  }
}
