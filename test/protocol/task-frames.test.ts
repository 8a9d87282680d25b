import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  ANSWER_HEADER_BYTES,
  answerHeader,
  readAnswerHeader,
  readTasks,
  readTasksBack,
  tasksBackBody,
  tasksBody,
} from '../../src/protocol/task-frames.ts';
import {
  answersNote,
  begunNote,
  NOTED_ANSWERS_AT,
  readTaskNotes,
  wantedBackNote,
} from '../../src/protocol/task-notes.ts';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

it('carries tasks as they are', () => {
  fc.assert(
    fc.property(uint32, fc.array(bytes, { minLength: 1, maxLength: 5 }), (first, values) => {
      expect(readTasks(tasksBody(first, values))).toEqual({ first, values });
    }),
  );
});

it('refuses tasks that go on beyond their message', () => {
  const body = tasksBody(1, [Buffer.from('task')]);
  expect(() => readTasks(body.subarray(0, -1))).toThrow(RangeError);
});

it('carries which tasks are given back', () => {
  fc.assert(
    fc.property(fc.record({ first: uint32, last: uint32 }), (back) => {
      expect(readTasksBack(tasksBackBody(back))).toEqual(back);
    }),
  );
});

it('carries what stands before an answer', () => {
  const elapsedMs = fc.double({ min: 0, noNaN: true });
  fc.assert(
    fc.property(fc.record({ number: uint32, elapsedMs, isMarked: fc.boolean() }), (header) => {
      const written = answerHeader(header);
      expect(written.length).toBe(ANSWER_HEADER_BYTES);
      expect(readAnswerHeader(written)).toEqual(header);
    }),
  );
});

it('tells by notes what has begun, and the answers that were not sent', () => {
  fc.assert(
    fc.property(uint32, uint32, bytes, bytes, (number, wanted, answers, older) => {
      const file = Buffer.concat([Buffer.alloc(NOTED_ANSWERS_AT), answers, older]);
      for (const note of [wantedBackNote(wanted), begunNote(0), answersNote(number, answers.length)]) {
        note.bytes.copy(file, note.at);
      }
      expect(readTaskNotes(file)).toEqual({ begun: number, answers });
    }),
  );
});

it('takes notes that were never written for those of a worker that has begun nothing', () => {
  expect(readTaskNotes(Buffer.alloc(0))).toEqual({ begun: 0, answers: Buffer.alloc(0) });
  expect(readTaskNotes(Buffer.alloc(4))).toEqual({ begun: 0, answers: Buffer.alloc(0) });
});
