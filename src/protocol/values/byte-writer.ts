import { isLatin1, type TextBuffer } from './raw-text.ts';
import { Refusal } from './refusal.ts';
import { TAG } from './tags.ts';

const scratchDouble = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchDouble.buffer);

/** Up to here a loop over the characters is quicker than a call out of JavaScript. */
const SHORT_TEXT = 24;
/** Up to here the bytes are copied out and the memory is kept; beyond, it is handed over. */
const MAX_COPIED_BYTES = 4096;

const EMPTY = Buffer.alloc(0) as TextBuffer;

const tooLarge = (): Refusal =>
  new Refusal('is too large: a value may take 1 GiB', 'send it in parts, or write it to a file and send the path');

/** Bytes in memory that grows; multi-byte numbers in the order of this machine's kind, little end first. */
export class ByteWriter {
  /** Written up to `length`; replaced when it grows. */
  protected bytes: TextBuffer;
  #length = 0;
  /** What `length` may grow to, in bytes; also kept where the memory grows, so that it does not grow for nothing. */
  protected limit = Number.POSITIVE_INFINITY;

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity) as TextBuffer;
  }

  get length(): number {
    return this.#length;
  }

  /** Where the bytes are now. What has been written up to now stays there as it is, unless it is truncated. */
  get storage(): Buffer {
    return this.bytes;
  }

  writeUint8(value: number): void {
    if (this.#length === this.bytes.length) this.#reserve(1);
    this.bytes[this.#length++] = value;
  }

  writeUint32(value: number): void {
    const at = this.skip(4);
    this.setUint32(at, value);
  }

  /** Overwrites four bytes that were written before. */
  setUint32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, lowest first. */
  writeVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.writeUint8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.writeUint8(rest);
  }

  writeDouble(value: number): void {
    const at = this.skip(8);
    const { bytes } = this;
    scratchDouble[0] = value;
    for (let i = 0; i < 8; i++) bytes[at + i] = scratchBytes[i] as number;
  }

  /** @returns false, with nothing written, unless all items are 32-bit integers other than -0 */
  writeInt32Items(tag: number, items: readonly unknown[]): boolean {
    const { length } = items;
    const start = this.#length;
    const view = this.#viewOfItems(tag, length, 4);
    for (let i = 0, at = this.#length - 4 * length; i < length; i++, at += 4) {
      const item = items[i];
      const int = typeof item === 'number' ? item | 0 : 0;
      if (int !== item || (int === 0 && 1 / item < 0)) {
        this.#length = start;
        return false;
      }
      view.setInt32(at, int, true);
    }
    return true;
  }

  /** @returns false, with nothing written, unless all items are numbers */
  writeDoubleItems(tag: number, items: readonly unknown[]): boolean {
    const { length } = items;
    const start = this.#length;
    const view = this.#viewOfItems(tag, length, 8);
    for (let i = 0, at = this.#length - 8 * length; i < length; i++, at += 8) {
      const item = items[i];
      if (typeof item !== 'number') {
        this.#length = start;
        return false;
      }
      view.setFloat64(at, item, true);
    }
    return true;
  }

  writeBytes(bytes: Uint8Array): void {
    const at = this.skip(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** A tag for the width of its UTF-16 units, their number, the units: lone surrogates and NULs stay as they are. */
  writeText(text: string): void {
    const { length } = text;
    const start = this.#length;
    this.writeUint8(TAG.latin1);
    this.writeVarint(length);
    if (length <= SHORT_TEXT) {
      const at = this.skip(length);
      const { bytes } = this;
      let units = 0;
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        units |= unit;
        bytes[at + i] = unit;
      }
      if (units <= 0xff) return;
      this.truncate(at);
    } else if (isLatin1(text)) {
      const at = this.skip(length);
      this.bytes.latin1Write(text, at, length);
      return;
    }
    this.bytes[start] = TAG.utf16;
    const at = this.skip(length * 2);
    this.bytes.ucs2Write(text, at, length * 2);
  }

  #viewOfItems(tag: number, items: number, bytesEach: number): DataView {
    this.writeUint8(tag);
    this.writeVarint(items);
    this.skip(items * bytesEach);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  /** Room for bytes to be filled in: where it begins. */
  protected skip(bytes: number): number {
    const at = this.#length;
    if (at + bytes > this.bytes.length) this.#reserve(bytes);
    this.#length = at + bytes;
    return at;
  }

  /** Takes back what was written from there on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** What has been written, without a copy: valid until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.#length);
  }

  /** Hands over what has been written and begins anew. */
  take(): Buffer {
    const written = this.view();
    this.#length = 0;
    if (written.length <= MAX_COPIED_BYTES) return Buffer.from(written);
    this.bytes = EMPTY;
    return written;
  }

  /** @throws Refusal when more has been written than may be */
  protected checkLimit(): void {
    if (this.#length > this.limit) throw tooLarge();
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.limit) throw tooLarge();
    const capacity = Math.max(needed, Math.min(this.bytes.length * 2, this.limit), 1024);
    const grown = Buffer.allocUnsafeSlow(capacity) as TextBuffer;
    this.bytes.copy(grown, 0, 0, this.#length);
    this.bytes = grown;
  }
}
