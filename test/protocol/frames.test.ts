import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadFrameError, FrameReader, frameHeader, MAX_FRAME_BYTES } from '../../src/protocol/frames.ts';

const TYPES = 5;
const frame = fc.record({ type: fc.integer({ min: 1, max: TYPES }), body: fc.uint8Array({ maxLength: 300 }) });

/** Cuts bytes at the given places. */
const pieces = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

const framesIn = (chunks: readonly Buffer[]): { type: number; body: Buffer }[] => {
  const frames: { type: number; body: Buffer }[] = [];
  const reader = new FrameReader(TYPES, (type, body) => frames.push({ type, body }));
  for (const chunk of chunks) reader.push(chunk);
  return frames;
};

describe('frames', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 30 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.flatMap(({ type, body }) => [frameHeader(type, body.length), body]));
        const heard = framesIn(pieces(bytes, cuts));
        expect(heard.map(({ type, body }) => [type, [...body]])).toEqual(
          sent.map(({ type, body }) => [type, [...body]]),
        );
      }),
    );
  });

  it.each([
    ['text', Buffer.from('hello, I am no frame\n')],
    ['a type that is not there', frameHeader(TYPES + 1, 3)],
    ['type 0', frameHeader(0, 3)],
    ['more than there may be', frameHeader(1, MAX_FRAME_BYTES + 1)],
  ])('are not %s', (_title, bytes) => {
    expect(() => framesIn([bytes])).toThrow(BadFrameError);
    expect(() => framesIn([...bytes].map((byte) => Buffer.from([byte])))).toThrow(BadFrameError);
  });

  it('are read, or refused, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        // A length may be anything up to the limit: only its bytes would be waited for.
        bytes.forEach((byte, index) => {
          if (index % 5 === 3) bytes[index] = byte & 0x80;
        });
        try {
          framesIn([Buffer.from(bytes)]);
        } catch (error) {
          expect(error).toBeInstanceOf(BadFrameError);
        }
      }),
    );
  });
});
