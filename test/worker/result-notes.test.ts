import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RESULT, ResultWriter } from '../../src/protocol/calls.ts';
import { progressNote, readNotes, resultNote } from '../../src/protocol/notes.ts';
import { decodeValueAt } from '../../src/protocol/values/codec.ts';
import { ResultNotes } from '../../src/worker/result-notes.ts';

const FRAME = 7;

/** A file for which there is so much room; what fits of a write is written, as in a memory for files. */
class ScarceFile {
  bytes = Buffer.alloc(0);
  readonly #room: number;
  readonly #onWritten: () => void;

  constructor(room: number, onWritten: () => void) {
    this.#room = room;
    this.#onWritten = onWritten;
  }

  hasNoted(bytes: Buffer, at: number): boolean {
    try {
      return this.write(bytes, at) === bytes.length;
    } catch {
      return false;
    }
  }

  write(bytes: Buffer, at: number): number {
    const length = Math.min(bytes.length, this.#room - at);
    if (length <= 0) throw new Error('ENOSPC');
    const grown = Buffer.alloc(Math.max(this.bytes.length, at + length));
    this.bytes.copy(grown);
    bytes.copy(grown, at, 0, length);
    this.bytes = grown;
    this.#onWritten();
    return length;
  }
}

const valuesIn = (file: ScarceFile): unknown[] =>
  readNotes(file.bytes).results.map((result) => decodeValueAt(result, () => ({})));

it('tell at every moment what was noted, wherever the room for it ends', () => {
  const value = fc.oneof(fc.integer(), fc.string({ maxLength: 60 }));
  const batches = fc.array(fc.array(value, { maxLength: 10 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(batches, fc.integer({ min: 48, max: 400 }), (all, room) => {
      let noted: unknown[] = [];
      let next: unknown[] = [];
      const file: ScarceFile = new ScarceFile(room, () => {
        const values = valuesIn(file);
        expect(values).toEqual(values.length > noted.length ? next : noted);
      });
      const notes = new ResultNotes((bytes, at) => file.hasNoted(bytes, at));
      const writer = new ResultWriter();
      for (const values of all) {
        noted = [];
        next = [];
        const { bytes, at } = progressNote({ loading: FRAME, started: FRAME, from: 0 });
        file.write(bytes, at);
        writer.begin();
        for (const result of values) {
          next = [...noted, result];
          const isNoted = notes.add(resultNote(writer, writer.add(RESULT.returned, result, 'result'), FRAME));
          if (isNoted) noted = next;
          expect(valuesIn(file)).toEqual(noted);
          if (!isNoted) break;
        }
      }
    }),
  );
});
