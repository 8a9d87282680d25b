import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESULT, ResultWriter } from '../../src/protocol/calls.ts';
import { type Note, progressNote, readNotes, resultNote } from '../../src/protocol/notes.ts';
import { decodeValueAt } from '../../src/protocol/values/codec.ts';

/** A file, as far as notes need one. */
class File {
  bytes = Buffer.alloc(0);

  write({ bytes, at }: Note): void {
    if (at + bytes.length > this.bytes.length)
      this.bytes = Buffer.concat([this.bytes, Buffer.alloc(at + bytes.length - this.bytes.length)]);
    bytes.copy(this.bytes, at);
  }
}

const noRestore = (): never => {
  throw new Error('no handles here');
};

/** Writes as a worker does: for each message what has begun, then one result after the other. */
const noted = (messages: readonly (readonly unknown[])[]): File => {
  const file = new File();
  for (const [index, values] of messages.entries()) {
    const frame = index + 1;
    file.write(progressNote({ loading: frame, started: frame - 1, from: 0 }));
    file.write(progressNote({ loading: frame, started: frame, from: 0 }));
    const writer = new ResultWriter();
    writer.begin();
    for (const value of values) file.write(resultNote(writer, writer.add(RESULT.returned, value, 'result'), frame));
  }
  return file;
};

describe('the notes of a worker', () => {
  it('tell the results of the last message that has begun, however long those before it were', () => {
    const value = fc.oneof(fc.integer(), fc.string({ maxLength: 300 }), fc.array(fc.integer(), { maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 10 }), { minLength: 1, maxLength: 6 }), (messages) => {
        const notes = readNotes(noted(messages).bytes);
        expect([notes.loading, notes.started, notes.from]).toEqual([messages.length, messages.length, 0]);
        expect(notes.results.map((result) => decodeValueAt(result, noRestore))).toEqual(messages.at(-1));
      }),
    );
  });

  it('tell nothing before anything was written, and no results of a message that has not begun', () => {
    expect(readNotes(Buffer.alloc(0))).toEqual({ loading: 0, started: 0, from: 0, results: [] });
    const file = noted([['first', 'second']]);
    file.write(progressNote({ loading: 2, started: 1, from: 0 }));
    expect(readNotes(file.bytes)).toMatchObject({ loading: 2, started: 1, results: [] });
  });

  it('are read to some end, whatever stands in them, and however much of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readNotes(Buffer.from(bytes)).results.length).toBeLessThan(60);
      }),
    );
    const { bytes } = noted([['a', 'bb', 'ccc']]);
    for (let length = 0; length < bytes.length; length += 1) {
      const { results } = readNotes(bytes.subarray(0, length));
      expect(results.length).toBeLessThanOrEqual(3);
    }
  });
});
