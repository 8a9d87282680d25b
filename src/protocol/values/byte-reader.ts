import type { TextBuffer } from './raw-text.ts';
import { TAG } from './tags.ts';

/** The bytes are not what a writer of this version writes. */
export class Malformed {
  constructor(readonly problem: string) {}
}

const scratchDouble = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchDouble.buffer);

/** Keys up to this length are looked up among those of earlier values. */
const SHORT_KEY = 24;
const KEY_SLOTS = 1024;
/** Keys, which tend to come again: comparing bytes with one is quicker than making a string of them, and of one piece. */
const recentKeys: string[] = new Array(KEY_SLOTS).fill('');

/** Reads what ByteWriter writes. Throws Malformed, or RangeError where a string or buffer cannot be as long as it says. */
export class ByteReader {
  protected readonly bytes: TextBuffer;
  protected position = 0;

  /** @param bytes are not copied, and not kept by what is read from them */
  constructor(bytes: Uint8Array) {
    this.bytes = (
      Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    ) as TextBuffer;
  }

  /** Goes on from there. */
  moveTo(position: number): void {
    this.position = position;
  }

  isAt(position: number): boolean {
    return this.position === position;
  }

  get isAtEnd(): boolean {
    return this.position === this.bytes.length;
  }

  readUint8(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw new Malformed('ends too early');
    this.position++;
    return byte;
  }

  readUint32(): number {
    return this.readInt32() >>> 0;
  }

  readInt32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    );
  }

  readVarint(): number {
    let value = 0;
    for (let unit = 1; unit <= 2 ** 49; unit *= 0x80) {
      const byte = this.readUint8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw new Malformed('has a number without end');
  }

  readDouble(): number {
    const at = this.take(8);
    const { bytes } = this;
    for (let i = 0; i < 8; i++) scratchBytes[i] = bytes[at + i] as number;
    return scratchDouble[0] as number;
  }

  /** A text with its tag. */
  readText(): string {
    return this.readTextOf(this.readUint8());
  }

  readTextOf(tag: number): string {
    const length = this.readVarint();
    if (tag === TAG.latin1) {
      const at = this.take(length);
      return this.bytes.latin1Slice(at, at + length);
    }
    if (tag !== TAG.utf16) throw new Malformed('has no text where one belongs');
    const at = this.take(length * 2);
    return this.bytes.ucs2Slice(at, at + length * 2);
  }

  /** A text with its tag that is likely to be a key of other values too. */
  readKey(): string {
    const tag = this.readUint8();
    const { bytes, position } = this;
    const length = bytes[position];
    if (tag !== TAG.latin1 || length === undefined || length > SHORT_KEY) return this.readTextOf(tag);
    this.position++;
    const at = this.take(length);
    let hash = length;
    for (let i = 0; i < length; i++) hash = (hash * 31 + (bytes[at + i] as number)) | 0;
    const slot = hash & (KEY_SLOTS - 1);
    const recent = recentKeys[slot] as string;
    if (recent.length === length) {
      let i = 0;
      while (i < length && recent.charCodeAt(i) === bytes[at + i]) i++;
      if (i === length) return recent;
    }
    const key = bytes.latin1Slice(at, at + length);
    recentKeys[slot] = key;
    return key;
  }

  /** The bytes themselves, not a copy. */
  readBytes(length: number): Buffer {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A view of the bytes, not of a copy. */
  readView(length: number): DataView {
    const at = this.take(length);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, length);
  }

  /** Steps over that byte if it is next. */
  skipTag(tag: number): boolean {
    if (this.bytes[this.position] !== tag) return false;
    this.position++;
    return true;
  }

  protected take(length: number): number {
    const at = this.position;
    if (length > this.bytes.length - at) throw new Malformed('ends too early');
    this.position = at + length;
    return at;
  }
}
