import { isUtf8 } from 'node:buffer';

// Text that came in as bytes must go out as the same bytes: file names and arguments on Unix need not be UTF-8.
// Every byte that is no part of valid UTF-8 travels as a lone surrogate, as in PEP 383 ("surrogateescape") and
// CPython `Objects/unicodeobject.c`: byte 0x80..0xFF is U+DC80..U+DCFF. Bytes below 0x80 are always valid.

const ESCAPE = 0xdc00;

const isTail = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/**
 * How many bytes the UTF-8 sequence at `at` has, or 0 when none begins there.
 * The ranges are those of The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing past U+10FFFF.
 */
const sequenceLength = (bytes: Uint8Array, at: number): number => {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const second = bytes[at + 1];
  if (second === undefined || !isTail(second)) return 0;
  if (lead < 0xe0) return 2;
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 0;
  if (!isTail(bytes[at + 2])) return 0;
  if (lead < 0xf0) return 3;
  return isTail(bytes[at + 3]) ? 4 : 0;
};

/** A view of the same memory with Buffer's methods. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Reads bytes as UTF-8; each byte that is not part of valid UTF-8 becomes a lone surrogate U+DC80..U+DCFF.
 * Whole buffers only: a character cut in two is taken for invalid bytes. A byte order mark is kept.
 */
export const decodeBytes = (bytes: Uint8Array): string => {
  const whole = asBuffer(bytes);
  if (isUtf8(whole)) return whole.toString('utf8');
  const units = Buffer.allocUnsafe(whole.length * 2); // UTF-16, little-endian; never more units than bytes
  let used = 0;
  for (let at = 0; at < whole.length; ) {
    const start = at;
    for (let length = 1; at < whole.length && length > 0; at += length) length = sequenceLength(whole, at);
    if (at > start) used += units.write(whole.toString('utf8', start, at), used, 'utf16le');
    for (; at < whole.length && sequenceLength(whole, at) === 0; at += 1) {
      units[used++] = whole[at] as number; // U+DC80..U+DCFF, the low half first
      units[used++] = ESCAPE >> 8;
    }
  }
  return units.toString('utf16le', 0, used);
};

/** The inverse of `decodeBytes`; a lone surrogate that stands for no byte becomes U+FFFD. */
export const encodeBytes = (text: string): Buffer => {
  if (!/[\ud800-\udfff]/u.test(text)) return Buffer.from(text, 'utf8');
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text, 'utf8')); // a lone surrogate counts three there, so this is enough
  let used = 0;
  let at = 0;
  for (const { index } of text.matchAll(/[\udc80-\udcff]/gu)) {
    if (index > at) used += bytes.write(text.slice(at, index), used, 'utf8');
    bytes[used++] = text.charCodeAt(index) - ESCAPE;
    at = index + 1;
  }
  used += bytes.write(text.slice(at), used, 'utf8');
  return bytes.subarray(0, used);
};

/** Whether the text stands for valid UTF-8 throughout: it holds no escaped byte. */
export const isPlainText = (text: string): boolean => !/[\udc80-\udcff]/u.test(text);
