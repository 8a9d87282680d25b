import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBytes, encodeBytes, isPlainText } from '../../src/protocol/bytes.ts';

const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Random bytes, and mixtures in which valid and broken UTF-8 stand side by side. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        fc.uint8Array({ min: 0x80, maxLength: 4 }),
        fc.constantFrom(
          bytesOf(0xed, 0xa0, 0x80),
          bytesOf(0xc0, 0x80),
          bytesOf(0xf4, 0x90, 0x80, 0x80),
          bytesOf(0xe2, 0x82),
        ),
      ),
    )
    .map((parts) => Buffer.concat(parts)),
);

describe('bytes that cross as text', () => {
  it('come back as they were, whatever they are', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect([...encodeBytes(decodeBytes(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  it('are what a UTF-8 decoder gives when they are valid', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeBytes(Buffer.from(text))).toBe(text);
      }),
    );
  });

  it('agree with the platform on which bytes are valid', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const isValid = (() => {
          try {
            new TextDecoder('utf-8', { fatal: true }).decode(bytes);
            return true;
          } catch {
            return false;
          }
        })();
        expect(isPlainText(decodeBytes(bytes))).toBe(isValid);
      }),
    );
  });

  it('become one lone surrogate for each byte that is not UTF-8, as in Python', () => {
    expect(decodeBytes(Buffer.from('caf\xe9.txt', 'latin1'))).toBe('caf\udce9.txt');
    // Overlong forms, an encoded surrogate, and a code point past U+10FFFF are invalid byte by byte.
    expect(decodeBytes(bytesOf(0xc0, 0x80))).toBe('\udcc0\udc80');
    expect(decodeBytes(bytesOf(0xed, 0xa0, 0x80))).toBe('\udced\udca0\udc80');
    expect(decodeBytes(bytesOf(0xf4, 0x90, 0x80, 0x80))).toBe('\udcf4\udc90\udc80\udc80');
    expect(decodeBytes(bytesOf(0xe2, 0x82))).toBe('\udce2\udc82');
    expect(decodeBytes(bytesOf(0xff, 0xe2, 0x82, 0xac, 0xfe))).toBe('\udcff€\udcfe');
  });

  it('keep a byte order mark and a genuine U+FFFD', () => {
    expect(decodeBytes(Buffer.from('\ufeffa\ufffd'))).toBe('\ufeffa\ufffd');
    expect(encodeBytes('\ufeffa\ufffd').toString('hex')).toBe('efbbbf61efbfbd');
  });

  it('can be a view into a larger buffer', () => {
    expect(decodeBytes(Buffer.from('xxabcxx').subarray(2, 5))).toBe('abc');
    expect(decodeBytes(bytesOf(0x78, 0xff, 0x78).subarray(1, 2))).toBe('\udcff');
    expect(decodeBytes(bytesOf())).toBe('');
  });
});

describe('text that crosses as bytes', () => {
  it('has U+FFFD where a lone surrogate stands for no byte', () => {
    expect(encodeBytes('a\ud800b').toString()).toBe('a\ufffdb');
    expect(encodeBytes('\udc7f\udd00').toString()).toBe('\ufffd\ufffd');
  });

  it('keeps a surrogate pair whole, also beside an escaped byte', () => {
    expect([...encodeBytes('😀\udcff😀')]).toEqual([...Buffer.from('😀'), 0xff, ...Buffer.from('😀')]);
  });

  it('never throws, whatever lone surrogates it holds', () => {
    const units = fc.array(fc.oneof(fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.integer({ min: 0, max: 0xffff })));
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        // What has no byte behind it is replaced once; after that, text and bytes are the same thing.
        const bytes = encodeBytes(text);
        expect(encodeBytes(decodeBytes(bytes))).toEqual(bytes);
      }),
    );
  });

  it('is plain when it holds no escaped byte', () => {
    expect(isPlainText('grüße 😀')).toBe(true);
    expect(isPlainText('\u{10080}')).toBe(true);
    expect(isPlainText('a\udc80')).toBe(false);
  });
});
