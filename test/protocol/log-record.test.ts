import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineAssembler, type LogLine, MAX_LINE_BYTES } from '../../src/protocol/log-line.ts';
import {
  amountIn,
  amountOf,
  type LogRecord,
  type LogStream,
  noteRecord,
  outputOf,
  parseRecords,
  recordHeads,
  recordsOf,
} from '../../src/protocol/log-record.ts';

const TIME = '2026-11-22T19:18:51.123Z';
const bytesOf = (latin1: string): Buffer => Buffer.from(latin1, 'latin1');
const recordsFor = (chunk: string, stream: LogStream = 'stdout', time = TIME): string =>
  recordsOf(bytesOf(chunk), recordHeads(time, stream));

interface Chunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

/** Output with many line ends, empty lines, NUL and bytes that are not UTF-8, cut anywhere. */
const chunk = (): fc.Arbitrary<Chunk> =>
  fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    bytes: fc
      .array(fc.oneof(fc.constantFrom(10, 10, 13, 0, 32, 0xff), fc.integer({ min: 0, max: 255 })), { maxLength: 40 })
      .map((bytes) => Buffer.from(bytes)),
  });

const logOf = (chunks: readonly Chunk[]): Buffer =>
  bytesOf(chunks.map(({ stream, bytes }) => recordsOf(bytes, recordHeads(TIME, stream))).join(''));

const writtenTo = (stream: LogStream, chunks: readonly Chunk[]): Buffer =>
  Buffer.concat(chunks.filter((one) => one.stream === stream).map(({ bytes }) => bytes));

const shown = ({ stream, text, end }: LogLine): string => `${stream} ${text.toString('latin1')} (${end})`;

const assembled = (log: string): { readonly lines: string[]; readonly rest: string[] } => {
  const assembler = new LineAssembler();
  const lines = parseRecords(bytesOf(log)).flatMap((record) => assembler.add(record));
  return { lines: lines.map(shown), rest: assembler.rest().map(shown) };
};

describe('the records of a chunk', () => {
  it('have the time, the stream, F for the end of a line, and the text as it is', () => {
    expect(recordsFor('one\ntwo\n')).toBe(`${TIME} stdout F one\n${TIME} stdout F two\n`);
  });
  it('have P where the line goes on', () => {
    expect(recordsFor('one\ntw', 'stderr')).toBe(`${TIME} stderr F one\n${TIME} stderr P tw\n`);
    expect(recordsFor('tw')).toBe(`${TIME} stdout P tw\n`);
  });
  it('keep empty lines, and have none for nothing', () => {
    expect(recordsFor('\n\n')).toBe(`${TIME} stdout F \n${TIME} stdout F \n`);
    expect(recordsFor('')).toBe('');
  });
  it('are not led astray by what looks like a record or a replacement pattern', () => {
    const text = `${TIME} stderr F $& $1 $\``;
    const [record] = parseRecords(bytesOf(recordsFor(`${text}\n`)));
    expect(record?.stream).toBe('stdout');
    expect(record?.text.toString()).toBe(text);
  });
  it('give back the very bytes of each stream, however they were cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(chunk()), (chunks) => {
        const records = parseRecords(logOf(chunks));
        for (const stream of ['stdout', 'stderr'] as const) {
          const back = Buffer.concat(records.filter((record) => record.stream === stream).map(outputOf));
          expect(back.toString('hex')).toBe(writtenTo(stream, chunks).toString('hex'));
        }
      }),
    );
  });
});

describe('a note of procctl', () => {
  it('is one record, in UTF-8, whatever its text holds', () => {
    const [record, ...others] = parseRecords(bytesOf(noteRecord(TIME, 'größer\r\nals „das“')));
    expect(others).toEqual([]);
    expect(record).toMatchObject({ time: TIME, stream: 'procctl', isFull: true });
    expect(record?.text.toString()).toBe('größer als „das“');
  });
});

describe('what is no record', () => {
  it.each([
    '',
    'something else',
    TIME,
    `${TIME} stdout`,
    `${TIME} stdout X text`,
    `${TIME} stdin F text`,
    '22.11.2026 19:18:51.1234 stdout F text',
  ])('is left out, and what follows is read: %j', (line) => {
    const records = parseRecords(bytesOf(`${line}\n${recordsFor('after\n')}`));
    expect(records.map(({ text }) => text.toString())).toEqual(['after']);
  });
  it('may be any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const records = parseRecords(Buffer.concat([bytes, bytesOf(`\n${recordsFor('after\n')}`)]));
        expect(records.at(-1)?.text.toString()).toBe('after');
      }),
    );
  });
});

describe('an amount of output', () => {
  it('is the same counted in the chunk and in its records', () => {
    fc.assert(
      fc.property(
        chunk().filter(({ bytes }) => bytes.length > 0),
        ({ bytes, stream }) => {
          const heads = recordHeads(TIME, stream);
          expect(amountIn(recordsOf(bytes, heads), heads, bytes.at(-1) === 10)).toEqual(amountOf(bytes));
        },
      ),
    );
  });
  it('counts lines where they end, and bytes with their newlines', () => {
    expect(amountOf(bytesOf('a\nbc\nd'))).toEqual({ lines: 2, bytes: 6 });
  });
});

describe('lines made of records', () => {
  it('are what stands between newlines, with the time of their beginning', () => {
    const assembler = new LineAssembler();
    const first: LogRecord = { time: '2026-11-22T19:18:51.000Z', stream: 'stdout', isFull: false, text: bytesOf('a') };
    expect(assembler.add(first)).toEqual([]);
    const [line] = assembler.add({ ...first, time: TIME, isFull: true, text: bytesOf('b') });
    expect(line).toEqual({ time: '2026-11-22T19:18:51.000Z', stream: 'stdout', text: bytesOf('ab'), end: 'newline' });
  });
  it('are joined for each stream by itself', () => {
    const log = recordsFor('o1 ') + recordsFor('e1 ', 'stderr') + recordsFor('o2\n') + recordsFor('e2\n', 'stderr');
    expect(assembled(log).lines).toEqual(['stdout o1 o2 (newline)', 'stderr e1 e2 (newline)']);
  });
  it('are those of the output, however it was cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(chunk()), (chunks) => {
        const { lines, rest } = assembled(logOf(chunks).toString('latin1'));
        for (const stream of ['stdout', 'stderr'] as const) {
          const [last, ...earlier] = writtenTo(stream, chunks).toString('latin1').split('\n').reverse();
          const expected = earlier.reverse().map((text) => `${stream} ${text} (newline)`);
          if (last !== '') expected.push(`${stream} ${last} (none)`);
          expect([...lines, ...rest].filter((line) => line.startsWith(stream))).toEqual(expected);
        }
      }),
    );
  });
  it('end without a newline where procctl says that something is missing', () => {
    const log = recordsFor('cut') + noteRecord(TIME, 'dropped') + recordsFor('new\n');
    expect(assembled(log).lines).toEqual(['stdout cut (none)', 'procctl dropped (newline)', 'stdout new (newline)']);
  });
  it('without an end in sight are handed on in parts, so that memory stays bounded', () => {
    const assembler = new LineAssembler();
    const piece: LogRecord = { time: TIME, stream: 'stdout', isFull: false, text: Buffer.alloc(1000, 'x') };
    const parts: LogLine[] = [];
    for (let count = 0; count < 2500; count += 1) parts.push(...assembler.add(piece));
    parts.push(...assembler.add({ ...piece, isFull: true, text: bytesOf('end') }));
    expect(parts.map(({ end }) => end)).toEqual(['continues', 'continues', 'newline']);
    expect(Math.max(...parts.map(({ text }) => text.length))).toBeLessThan(MAX_LINE_BYTES + 1000);
    expect(Buffer.concat(parts.map(({ text }) => text)).length).toBe(2_500_003);
  });
  it('do not change when the memory they were read from is used again', () => {
    const assembler = new LineAssembler();
    const block = bytesOf(recordsFor('begin '));
    for (const record of parseRecords(block)) assembler.add(record);
    block.fill('!');
    const [line] = parseRecords(bytesOf(recordsFor('end\n'))).flatMap((record) => assembler.add(record));
    expect(line?.text.toString()).toBe('begin end');
  });
});
