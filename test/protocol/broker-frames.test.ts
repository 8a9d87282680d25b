import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader } from '../../src/protocol/broker/frames.ts';
import type { Message } from '../../src/protocol/broker/messages.ts';

const count = fc.integer({ min: 0, max: 2 ** 40 });
const object = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ tag: fc.constant('put' as const), object, last: count, count, isNowait: fc.constantFrom(0, 1), bytes }),
  fc.record({ tag: fc.constant('deliver' as const), object, first: count, count, bytes }),
  fc.record({
    tag: fc.constant('want' as const),
    object,
    taken: count,
    acked: count,
    waiting: count,
    credit: count,
    polls: count,
  }),
  fc.record({ tag: fc.constant('recall' as const), object }),
  fc.record({ tag: fc.constant('reply' as const), object, call: count, text: fc.record({ value: fc.jsonValue() }) }),
);

const readAll = (reader: FrameReader, chunks: readonly Buffer[]): Message[] =>
  chunks.flatMap((chunk) => [...reader.push(chunk)]);

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), fc.array(fc.nat(2000), { maxLength: 10 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.map(encodeFrame));
        const at = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).toSorted((a, b) => a - b), stream.length];
        const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
        const plain = (one: Message) => JSON.parse(JSON.stringify(one));
        expect(readAll(new FrameReader(1e6), chunks).map(plain)).toEqual(messages.map(plain));
      }),
    );
  });

  it('are an error when they are none, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (rubbish) => {
        try {
          readAll(new FrameReader(1e6), [Buffer.from(rubbish)]);
        } catch (error) {
          expect(error).toSatisfy((one) => one instanceof RangeError || one instanceof SyntaxError);
        }
      }),
    );
  });

  it('may not be longer than is allowed', () => {
    const frame = encodeFrame({ tag: 'deliver', object: 1, first: 0, count: 1, bytes: Buffer.alloc(5000) });
    expect(() => readAll(new FrameReader(4096), [frame.subarray(0, 10)])).toThrow(RangeError);
  });
});
