import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHalt } from '../../../src/core/pool/halt.ts';
import { gracefully } from '../../../src/core/pool/term-sequence.ts';
import { fieldsOfStart, readBatchMeta, readLogEntry } from '../../../src/protocol/remote/batch.ts';
import {
  attemptJob,
  attemptJobId,
  batchTaskData,
  readBatchJob,
  readBatchTask,
} from '../../../src/protocol/remote/batch-job.ts';
import { BadJob } from '../../../src/protocol/remote/job.ts';
import { batchJson, batchRows } from '../../../src/render/batch-table.ts';

const SIGNALS = new Set(Object.keys(constants.signals));
const BATCH = '0123456789abcdef';

const objectOf = (fields: readonly string[]): Record<string, string> => {
  const object: Record<string, string> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) object[fields[at] as string] = fields[at + 1] as string;
  return object;
};

describe('what is kept of a batch', () => {
  it('is read as it was written', () => {
    const count = fc.integer({ min: 0, max: 2 ** 40 });
    const start = fc.record({
      id: fc.constant(BATCH),
      name: fc.string(),
      host: fc.string(),
      createdAt: count,
      keepMs: count,
      retries: count,
      isSilent: fc.boolean(),
    });
    fc.assert(
      fc.property(start, (given) => {
        const meta = readBatchMeta(objectOf(fieldsOfStart({ ...given, halt: parseHalt('now,fail=20%') })));
        expect(meta).toMatchObject({ ...given, total: null, sealedAt: null, endedAt: null, haltedBy: null });
      }),
    );
  });
  it('is nothing, or shown without control characters, whatever stands there', () => {
    const names = [
      'version',
      'id',
      'name',
      'host',
      'createdAt',
      'total',
      'sealedAt',
      'endedAt',
      'haltedBy',
      'failed',
      'keepMs',
    ];
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('1'), fc.constant('1e999'), fc.constant('-1'));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (fields) => {
        const meta = readBatchMeta({ ...fields, version: '1' });
        if (meta === undefined) return;
        const [, row = []] = batchRows([meta], 0);
        expect(row.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        JSON.stringify(batchJson(meta));
      }),
    );
  });
  it('has entries that are read, or left out, whatever stands there', () => {
    const names = ['k', 's', 'a', 'x', 'st', 'r', 'f', 'd', 'h', 'p', 'o'];
    const kinds = fc.constantFrom('begun', 'back', 'end', 'held', 'succeeded', 'failed', '1', '0', '-1', '1e3', '');
    const fields = fc.dictionary(fc.constantFrom(...names), fc.oneof(kinds, fc.string()));
    fc.assert(
      fc.property(fc.string(), fields, (id, given) => {
        const entry = readLogEntry(id, new Map(Object.entries(given)));
        if (entry === undefined) return;
        expect(entry.seq).toBeGreaterThanOrEqual(1);
        expect(entry.attempt).toBeGreaterThanOrEqual(0);
        if (entry.kind === 'end') expect(['succeeded', 'failed', 'timedOut', 'cancelled']).toContain(entry.state);
      }),
    );
    const end = new Map(Object.entries({ k: 'end', s: '7', a: '2', x: '3', st: 'failed', r: '{}', d: '50' }));
    expect(readLogEntry('1700-1', end)).toEqual({
      ...{ kind: 'end', seq: 7, attempt: 2, execution: 3, at: 1700 },
      ...{ state: 'failed', isFinal: false, delayMs: 50, record: '{}' },
    });
  });
});

describe('jobs of a batch', () => {
  const defaults = {
    batch: BATCH,
    timeoutMs: 0,
    ending: gracefully(5_000),
    retries: 2,
    retryDelay: { minMs: 10, maxMs: 1000 },
    outputMax: 1000,
    isSilent: false,
  };
  const task = { seq: 3, id: 'x', name: 'n', command: { kind: 'shell', line: 'echo' } } as const;
  it('name the task, and only that one', () => {
    const data = JSON.parse(JSON.stringify(batchTaskData({ ...task, retries: 5 }, { ...defaults, nice: 3 })));
    const read = readBatchTask(data, attemptJob(BATCH, 3, 2), SIGNALS);
    expect(read).toMatchObject({
      attempt: 2,
      retries: 5,
      retryDelay: { minMs: 10, maxMs: 1000 },
      outputMax: 1000,
      nice: 3,
    });
    expect(read.task).toMatchObject({ seq: 3, id: 'x', name: 'n', command: task.command });
    for (const ref of [attemptJob(BATCH, 4, 1), attemptJob(`${BATCH}0`, 3, 1)]) {
      expect(() => readBatchTask(data, ref, SIGNALS)).toThrow(BadJob);
    }
  });
  it('are told from all others, and are no part of a key', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        const read = readBatchJob(data);
        if (read !== undefined) expect(read.version).toBe(1);
      }),
    );
    expect(readBatchJob(attemptJob(BATCH, 3, 1))).toEqual(attemptJob(BATCH, 3, 1));
    expect(readBatchJob({ version: 1, task: 'echo', batch: BATCH })).toBeUndefined();
    for (const id of ['', 'a:b', '../x', 'ABCDEF0123456789', 7]) {
      expect(readBatchJob({ version: 1, detached: id, seq: 1, attempt: 1 })).toBeUndefined();
      expect(readBatchJob({ version: 1, start: id, total: 1 })).toBeUndefined();
    }
  });
  it('have an id for each attempt', () => {
    const number = fc.integer({ min: 1, max: 2 ** 31 });
    fc.assert(
      fc.property(number, number, number, number, (seq, attempt, otherSeq, otherAttempt) => {
        const isSame = seq === otherSeq && attempt === otherAttempt;
        const ids = [attemptJob(BATCH, seq, attempt), attemptJob(BATCH, otherSeq, otherAttempt)].map(attemptJobId);
        expect(ids[0] === ids[1]).toBe(isSame);
      }),
    );
  });
});
