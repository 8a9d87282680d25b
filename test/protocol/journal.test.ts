import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { Ledger } from '../../src/protocol/journal/ledger.ts';
import { JournalReading } from '../../src/protocol/journal/reading.ts';
import { attemptEntry, type JournalRecord, journalLine, type RunRecord } from '../../src/protocol/journal/record.ts';
import { taskContent } from '../../src/protocol/journal/task-content.ts';

const keyOf = (kind: number): string => kind.toString(16).padStart(64, '0').split('').reverse().join('');

const run = (number: number): RunRecord => ({
  type: 'run',
  version: 1,
  run: number,
  startedAt: '2026-01-02T03:04:05.678Z',
  size: 4,
  pid: 4242,
  startTicks: 99,
  bootId: 'b00t',
});

const attempt = (
  number: number,
  {
    seq = 1,
    kind,
    state = 'succeeded',
    final = true,
    tries = 1,
    name = 'n',
    ms = 12.345,
  }: {
    readonly seq?: number;
    readonly kind?: number;
    readonly state?: string;
    readonly final?: boolean;
    readonly tries?: number;
    readonly name?: string;
    readonly ms?: number;
  } = {},
): JournalRecord =>
  attemptEntry(number, keyOf(kind ?? seq), {
    seq,
    id: String(seq),
    name,
    attempt: tries,
    final,
    state: state as 'succeeded',
    exitCode: state === 'succeeded' ? 0 : 1,
    signal: null,
    error: null,
    startedAt: 1_000_000,
    endedAt: 1_000_012,
    durationMs: ms,
    slot: 1,
  });

const end = (number: number): JournalRecord => ({
  type: 'end',
  run: number,
  endedAt: '2026-01-02T03:04:06.000Z',
  haltedBy: null,
  counts: { submitted: 1, alreadyDone: 0, succeeded: 1, failed: 0, timedOut: 0, cancelled: 0, skipped: 0 },
});

const read = (bytes: Buffer, pieces: readonly number[] = []) => {
  const records: JournalRecord[] = [];
  const reading = new JournalReading((record) => records.push(record));
  let from = 0;
  for (const length of pieces) {
    reading.push(bytes.subarray(from, from + length));
    from += length;
  }
  reading.push(bytes.subarray(from));
  reading.end();
  return { records, reading };
};

const bytesOf = (records: readonly JournalRecord[]): Buffer => Buffer.from(records.map(journalLine).join(''));

const name = fc.string({ unit: 'binary', maxLength: 30 });

const journal = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ seq: fc.integer({ min: 1, max: 9 }), name }).map((what) => attempt(1, what)),
      },
      fc.constant(end(1)),
      fc.constant(run(2)),
    ),
    { maxLength: 8 },
  )
  .map((records) => [run(1), ...records]);

describe('a journal', () => {
  it('is read as it was written, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(journal, fc.array(fc.nat(50), { maxLength: 20 }), (records, pieces) => {
        const { records: found, reading } = read(bytesOf(records), pieces);
        expect(found).toEqual(JSON.parse(JSON.stringify(records)));
        expect(reading).toMatchObject({ damagedLines: 0, isTorn: false, needsNewline: false, refusal: undefined });
      }),
    );
  });

  it('cut off after any byte gives every record that is whole, and is gone on with without a loss', () => {
    fc.assert(
      fc.property(journal, fc.double({ min: 0, max: 1, noNaN: true }), (records, share) => {
        const whole = bytesOf(records);
        const torn = whole.subarray(0, Math.floor(share * whole.length));
        const { records: found, reading } = read(torn);
        const lines = torn.toString('latin1').split('\n');
        const last = lines.pop() as string;
        // A record may be whole though its newline is missing.
        const isWhole = last !== '' && whole[torn.length] === 10;
        expect(found).toEqual(JSON.parse(JSON.stringify(records.slice(0, lines.length + Number(isWhole)))));
        expect(reading).toMatchObject({
          needsNewline: last !== '',
          isTorn: last !== '' && !isWhole,
          refusal: undefined,
        });
        const next = bytesOf([run(7), attempt(7, { seq: 3 })]);
        const longer = Buffer.concat([torn, Buffer.from(reading.needsNewline ? '\n' : ''), next]);
        expect(read(longer).records.slice(found.length)).toMatchObject([{ type: 'run', run: 7 }, { seq: 3 }]);
      }),
      { numRuns: 500 },
    );
  });

  it('is cut at every byte of one record without another one being glued to it', () => {
    const head = bytesOf([run(1), attempt(1)]);
    const record = bytesOf([attempt(1, { seq: 2, name: 'ä"\\\n\u2028😀' })]);
    for (let length = 0; length < record.length; length += 1) {
      const torn = Buffer.concat([head, record.subarray(0, length)]);
      const { reading } = read(torn);
      const next = Buffer.concat([torn, Buffer.from(reading.needsNewline ? '\n' : ''), bytesOf([run(2)])]);
      const again = read(next);
      const isWhole = length === record.length - 1;
      expect(again.records).toHaveLength(isWhole ? 4 : 3);
      expect(again.reading.damagedLines).toBe(length === 0 || isWhole ? 0 : 1);
    }
  });

  it('is not what holds anything else, however that goes on', () => {
    const texts = fc
      .oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.json())
      .filter((text) => !text.startsWith('{'));
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Buffer.concat([Buffer.from(text), Buffer.from('\n'), bytesOf([run(1), attempt(1)])]);
        expect(read(bytes)).toMatchObject({ records: [], reading: { refusal: 'foreign' } });
      }),
    );
  });

  it('is read past lines that make no sense, and past records of a kind not known yet', () => {
    const bytes = Buffer.concat([
      bytesOf([run(1)]),
      Buffer.from('{"type":"attempt","run":1,"seq":"one"}\n\0\0\0\n{"type":"note","run":1,"text":"x"}\n[]\n\n'),
      Buffer.from([0xff, 10]),
      bytesOf([attempt(1)]),
    ]);
    const { records, reading } = read(bytes);
    expect(records).toHaveLength(2);
    expect(reading.damagedLines).toBe(5);
  });

  it('keeps a name of megabytes short', () => {
    expect(journalLine(attempt(1, { name: 'x'.repeat(1e6) })).length).toBeLessThan(1000);
  });
});

const ledgerOf = (...records: JournalRecord[]): Ledger => {
  const ledger = new Ledger();
  for (const record of records) ledger.add(record);
  ledger.end();
  return ledger;
};

describe('a ledger', () => {
  it('counts each success once, over all runs', () => {
    const ledger = ledgerOf(
      ...[run(1), attempt(1, { seq: 1, kind: 5 }), attempt(1, { seq: 2, kind: 5, state: 'failed', final: false })],
      ...[attempt(1, { seq: 2, kind: 5, tries: 2 }), run(2), attempt(2, { seq: 1, kind: 5 })],
    );
    expect([ledger.succeeded(keyOf(5)), ledger.failed(keyOf(5)), ledger.lastRun]).toEqual([3, 0, 2]);
    expect([1, 2, 3, 4].map(() => ledger.takeSucceeded(keyOf(5)))).toEqual([true, true, true, false]);
  });

  it('takes a failure for made good when the task is run again, well or not', () => {
    const failed = attempt(1, { state: 'failed' });
    const ledgers = [
      ledgerOf(run(1), failed),
      ledgerOf(run(1), failed, run(2), failed),
      ledgerOf(run(1), failed, run(2), attempt(2)),
      ledgerOf(run(1), failed, run(2), attempt(2, { state: 'cancelled' })),
      ledgerOf(run(1), attempt(1), run(2), attempt(2, { state: 'timedOut' })),
      ledgerOf(
        run(1),
        attempt(1, { seq: 1, kind: 1, state: 'failed' }),
        attempt(1, { seq: 2, kind: 1, state: 'failed' }),
      ),
    ];
    expect(ledgers.map((ledger) => ledger.failed(keyOf(1)))).toEqual([1, 1, 0, 1, 1, 2]);
  });

  it('knows a task as failed whose next try never came, or was cancelled', () => {
    const tried = attempt(1, { state: 'failed', final: false });
    const gaveWay = attempt(1, { state: 'cancelled', final: false, tries: 2 });
    const cancelled = attempt(1, { state: 'cancelled', tries: 2 });
    for (const records of [[tried], [tried, cancelled], [tried, gaveWay], [tried, run(2)]]) {
      expect(ledgerOf(run(1), ...records).failed(keyOf(1))).toBe(1);
    }
    expect(ledgerOf(run(1), tried, gaveWay, attempt(1, { tries: 3 })).failed(keyOf(1))).toBe(0);
  });

  it('tells how long the last success took, and nothing of a task that has none', () => {
    const ledger = ledgerOf(
      ...[run(1), attempt(1, { ms: 70.4 }), attempt(1, { seq: 2, ms: 0.2 }), attempt(1, { seq: 3, state: 'failed' })],
      ...[run(2), attempt(2, { ms: 90.6 }), attempt(2, { seq: 4, ms: 1e15 })],
    );
    expect([1, 2, 3, 4, 5].map((kind) => ledger.tookMs(keyOf(kind)))).toEqual([
      91,
      0,
      undefined,
      2 ** 32 - 2,
      undefined,
    ]);
    ledger.takeSucceeded(keyOf(1));
    expect(ledger.tookMs(keyOf(1))).toBe(91);
  });

  it('agrees with a plain count, whatever happens in whatever runs', () => {
    const step = fc.record({
      seq: fc.integer({ min: 1, max: 6 }),
      kind: fc.integer({ min: 1, max: 3 }),
      state: fc.constantFrom('succeeded', 'failed', 'timedOut', 'cancelled'),
    });
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(step, { selector: ({ seq }) => seq }), { maxLength: 6 }), (runs) => {
        const records = runs.flatMap((steps, index) => [
          run(index + 1),
          ...steps.map((what) => attempt(index + 1, what)),
        ]);
        const ledger = ledgerOf(...records);
        for (const kind of [1, 2, 3]) {
          let [succeeded, failed] = [0, 0];
          for (const steps of runs) {
            const ends = steps
              .filter((one) => one.kind === kind && one.state !== 'cancelled')
              .map(({ state }) => state);
            const bad = ends.filter((state) => state !== 'succeeded').length;
            succeeded += ends.length - bad;
            failed = Math.max(0, failed - ends.length) + bad;
          }
          expect([ledger.succeeded(keyOf(kind)), ledger.failed(keyOf(kind))]).toEqual([succeeded, failed]);
        }
      }),
    );
  });
});

describe('what makes a task the same', () => {
  const base = { seq: 1, id: '1', name: 'n', command: { kind: 'argv', argv: ['a', 'b'] } } as const satisfies TaskSpec;
  const digest = (bytes: Uint8Array): string => `of ${bytes.length} bytes`;
  const contentOf = (more: Partial<TaskSpec>): string => taskContent({ ...base, ...more }, '/base', digest);

  it('is written as the page has it', () => {
    expect(contentOf({})).toBe('["task",1,"/base",[],null,["argv","a","b"]]');
    const command = { kind: 'shell', line: 'x "y"' } as const;
    expect(contentOf({ command, cwd: '../d/./e', env: { B: '1', A: null }, stdin: 'in\n' })).toBe(
      '["task",1,"/d/e",[["A",null],["B","1"]],"of 3 bytes",["shell","x \\"y\\""]]',
    );
    const args = [{ b: 1, a: [{}, '\udc80'] }];
    expect(contentOf({ command: { kind: 'function', module: './m.js', exportName: 'f', args } })).toBe(
      '["task",1,"/base",[],null,["function","./m.js","f",[{"pairs":[["a",[{"pairs":[]},"\\udc80"]],["b",1]]}]]]',
    );
  });

  it('is not how it is called, nor how it is run', () => {
    const other = { seq: 9, id: 'x', name: 'y', timeoutMs: 5, retries: 2, priority: 3 };
    expect(contentOf(other)).toBe(contentOf({}));
    expect(contentOf({ cwd: '/base/' })).toBe(contentOf({}));
    expect(contentOf({ env: {} })).toBe(contentOf({}));
  });

  it('is the same input, whether it came as text or as bytes', () => {
    expect(contentOf({ stdin: 'é\udc80' })).toBe(contentOf({ stdin: Buffer.from([0xc3, 0xa9, 0x80]) }));
  });

  it('tells apart what is not the same', () => {
    const contents = [
      contentOf({}),
      contentOf({ command: { kind: 'argv', argv: ['a b'] } }),
      contentOf({ command: { kind: 'shell', line: 'a b' } }),
      contentOf({ stdin: '' }),
      contentOf({ stdin: Buffer.from('x') }),
      contentOf({ env: { A: '' } }),
      contentOf({ env: { A: null } }),
      contentOf({ cwd: 'x' }),
      taskContent(base, '/other', digest),
      contentOf({ command: { kind: 'function', module: 'm', exportName: 'f', args: [{ pairs: [] }] } }),
      contentOf({ command: { kind: 'function', module: 'm', exportName: 'f', args: [{}] } }),
    ];
    expect(new Set(contents).size).toBe(contents.length);
  });

  it('can be said of arguments of any depth', () => {
    const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown[];
    expect(contentOf({ command: { kind: 'function', module: 'm', exportName: 'f', args: deep } })).toContain('null');
  });
});
