import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FunctionCall, FunctionCommand, TaskSpec } from '../../../src/core/pool/task.ts';
import { gracefully } from '../../../src/core/pool/term-sequence.ts';
import { ProcctlError } from '../../../src/errors.ts';
import { parseAllow, refusalOf } from '../../../src/protocol/remote/allow-rule.ts';
import { callDocument, readCall } from '../../../src/protocol/remote/call-document.ts';
import { canonicalJson } from '../../../src/protocol/remote/canonical-json.ts';
import { outcomePart, readEndRecord, readProgress } from '../../../src/protocol/remote/end-record.ts';
import { BadJob, jobDataOf, readJob } from '../../../src/protocol/remote/job.ts';
import { parseQueueName, parseRedisTarget, withoutSecrets } from '../../../src/protocol/remote/redis-target.ts';

const SIGNALS = new Set(['SIGTERM', 'SIGINT']);

/** As Redis and BullMQ hand it on. */
const travelled = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Text with bytes that are not UTF-8 in it. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string().map((value) => `${value}\udcff\udc80`),
);
const word = text.filter((value) => value !== '');

const task: fc.Arbitrary<TaskSpec> = fc.record(
  {
    seq: fc.integer({ min: 1, max: 1e6 }),
    id: word,
    name: text,
    command: fc.oneof(
      fc.record({ kind: fc.constant('shell' as const), line: word.map((value) => `x${value}`) }),
      fc.record({ kind: fc.constant('argv' as const), argv: fc.tuple(word, text) }),
    ),
    cwd: word,
    env: fc.dictionary(fc.stringMatching(/^[A-Za-z_]+$/), fc.option(text)),
    stdin: text,
    timeoutMs: fc.integer({ min: 0, max: 1e9 }),
  },
  { requiredKeys: ['seq', 'id', 'name', 'command'] },
);

describe('a job', () => {
  it('brings a task, with every byte of it, as it was', () => {
    fc.assert(
      fc.property(task, fc.integer({ min: 1, max: 99 }), (spec, attempt) => {
        const ending = gracefully(1234);
        const { timeoutMs = 0 } = spec;
        const job = readJob(travelled(jobDataOf(spec, { attempt, timeoutMs, batch: 'b' }, { ending })), SIGNALS);
        expect(travelled(job.task)).toEqual(travelled({ ...spec, timeoutMs }));
        expect(job).toMatchObject({ attempt, ending, batch: 'b', isOutputWanted: true });
      }),
    );
  });
  it('of any other kind is refused, and breaks nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(() => readJob(data, SIGNALS)).toThrow(BadJob);
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('task', 'seq', 'attempt', 'ending', 'output', 'batch'), fc.jsonValue()),
        (data) => {
          try {
            readJob({ version: 1, ...data }, SIGNALS);
          } catch (error) {
            expect(error).toBeInstanceOf(BadJob);
          }
        },
      ),
    );
  });
});

const bytes = fc.uint8Array();
const functionCommand: fc.Arbitrary<FunctionCommand> = fc
  .tuple(
    fc.constantFrom('single', 'map', 'starmap', 'each'),
    fc.oneof(fc.record({ source: text }), fc.record({ module: text })),
    fc.oneof(fc.record({ args: fc.array(fc.jsonValue()) }), fc.record({ value: bytes })),
    text,
  )
  .map(([kind, what, given, exportName]) => ({
    kind: 'function',
    module: 'module' in what ? what.module : '',
    exportName,
    args: 'args' in given ? given.args : [],
    call: { kind, ...('source' in what && what), ...('value' in given && given) } as FunctionCall,
  }));

describe('a call in a job', () => {
  it('brings function, way of calling and values as they were', () => {
    fc.assert(
      fc.property(functionCommand, fc.integer({ min: 0, max: 1e9 }), (command, timeoutMs) => {
        const document = travelled(callDocument(command, command.call as FunctionCall, timeoutMs));
        const read = readCall(document);
        expect(travelled({ ...read.command, call: { ...read.command.call, value: undefined } })).toEqual(
          travelled({ ...command, call: { ...command.call, value: undefined } }),
        );
        expect(Buffer.from(read.command.call?.value ?? [])).toEqual(Buffer.from(command.call?.value ?? []));
        expect(read.timeoutMs).toBe(timeoutMs);
      }),
    );
  });
  it('of any other kind is refused, and breaks nothing', () => {
    const keys = fc.constantFrom('module', 'export', 'source', 'name', 'kind', 'args', 'value', 'timeout');
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue())), (call) => {
        try {
          const { task } = readJob({ version: 1, call }, SIGNALS);
          expect(task.command.kind).toBe('function');
        } catch (error) {
          expect(error).toBeInstanceOf(BadJob);
        }
      }),
    );
    expect(() => readJob({ version: 1, call: { module: '/a' }, task: 'true' }, SIGNALS)).toThrow(BadJob);
  });
  it('of a function by its text is allowed by that word alone', () => {
    const job = readJob({ version: 1, call: { source: '() => 1', module: undefined } }, SIGNALS);
    const refused = (...rules: string[]) => refusalOf(job.task, rules.map(parseAllow), '/d');
    expect(refused()).toBe(undefined);
    expect(refused('function')).toBe(undefined);
    expect(refused('module:/*', 'shell', 'gzip')).toBe('this worker does not allow functions that are sent as text');
    const module = readJob({ version: 1, call: { module: '/srv/a.js' } }, SIGNALS);
    expect(refusalOf(module.task, [parseAllow('function')], '/d')).toContain('/srv/a.js');
  });
});

describe('an end record', () => {
  it('brings each way to end as it was', () => {
    for (const outcome of [
      { kind: 'exited', exitCode: 255 },
      { kind: 'signaled', signal: 'SIGSEGV' },
      { kind: 'returned', result: '{"a":[-0,1e400]}'.replace('1e400', '1') },
      { kind: 'error', code: 'ERR_X', message: 'm', name: 'TypeError', exitCode: 0 },
      { kind: 'error', code: 'ERR_X', message: 'm' },
      { kind: 'error', code: 'ERR_THREW', message: 'm', thrown: Buffer.from([1, 255]) },
      { kind: 'returned', result: 'null', value: Buffer.from([0, 1]) },
    ] as const) {
      expect(readEndRecord(travelled({ version: 1, ...outcomePart(outcome) })).outcome).toEqual(outcome);
    }
  });
  it('can be anything that a worker returns: never a success by mistake, never an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readEndRecord(value).outcome.kind).toMatch(/returned|error/);
        readProgress(value);
      }),
    );
    const fields = fc.constantFrom(
      'exitCode',
      'signal',
      'error',
      'result',
      'output',
      'timedOutMs',
      'durationMs',
      'execution',
    );
    fc.assert(
      fc.property(fc.dictionary(fields, fc.jsonValue()), (value) => {
        const { outcome, chunks, durationMs = 0 } = readEndRecord({ version: 1, ...value });
        if (outcome.kind === 'exited') expect(value.exitCode).toBe(outcome.exitCode);
        expect(chunks).toBeGreaterThanOrEqual(0);
        expect(durationMs).toBeGreaterThanOrEqual(0);
      }),
    );
    expect(readEndRecord({ version: 2, exitCode: 0 }).outcome).toMatchObject({ code: 'ERR_END_RECORD' });
  });
});

describe('canonical JSON', () => {
  it('is the same for the same value, in whichever order its members came, and can be read again', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, shuffled(member)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const once = travelled(value);
        expect(canonicalJson(shuffled(once))).toBe(canonicalJson(once));
        expect(JSON.parse(canonicalJson(once))).toEqual(once);
      }),
    );
    expect(canonicalJson({ b: 1, a: ['\udcff', undefined], c: undefined })).toBe('{"a":["\\udcff",null],"b":1}');
  });
});

describe('the address of Redis', () => {
  it.each([
    ['redis://h', { host: 'h', port: 6379, db: 0, isSecure: false, name: 'redis://h:6379' }],
    [
      'rediss://u:p%40@h:1/3',
      { port: 1, db: 3, isSecure: true, username: 'u', password: 'p@', name: 'rediss://h:1/3' },
    ],
    ['redis://[::1]:7', { host: '::1', port: 7 }],
    ['redis://:only@h', { username: undefined, password: 'only', hasSecretInUrl: true }],
  ])('%s is understood', (url, expected) => {
    expect(parseRedisTarget(url, {})).toMatchObject(expected);
  });
  it('takes user and password from the environment', () => {
    const env = { PROCCTL_REDIS_USERNAME: 'u', PROCCTL_REDIS_PASSWORD: 'p' };
    expect(parseRedisTarget('redis://h', env)).toMatchObject({ username: 'u', password: 'p', hasSecretInUrl: false });
  });
  it('is never repeated in an error, since there may be a password in it', () => {
    const parts = fc.array(
      fc.constantFrom('redis://', 'secret', '@', ':', '/', '%', '[', '?', '#', ' ', 'h', 'http://', '9'),
    );
    fc.assert(
      fc.property(parts, (words) => {
        try {
          expect(parseRedisTarget(words.join(''), {}).name).not.toContain('secret@');
        } catch (error) {
          expect(error).toBeInstanceOf(ProcctlError);
          expect(`${(error as ProcctlError).message} ${(error as ProcctlError).hint}`).not.toContain('secret');
        }
      }),
    );
    expect(withoutSecrets('--on=redis://u:p@h/1')).toBe('--on=redis://***@h/1');
  });
  it('goes with a queue whose name is one part of a key', () => {
    expect(parseQueueName('my.queue-1_a')).toBe('my.queue-1_a');
    for (const name of ['', 'a:b', 'a b', '{a}', 'ü']) expect(() => parseQueueName(name)).toThrow(ProcctlError);
  });
});

describe('what a worker allows', () => {
  const refused = (command: TaskSpec['command'], allow: readonly string[], env?: TaskSpec['env']): boolean => {
    const spec = { seq: 1, id: '1', name: '', command, ...(env && { env }) };
    return refusalOf(spec, allow.map(parseAllow), '/srv') !== undefined;
  };
  const argv = (program: string) => ({ kind: 'argv', argv: [program] }) as const;
  const module = (path: string) => ({ kind: 'function', module: path, exportName: 'f', args: [] }) as const;

  it('is everything without a rule, and otherwise only what a rule names', () => {
    expect(refused(argv('x'), [])).toBe(false);
    expect(refused(argv('gzip'), ['gzip'])).toBe(false);
    expect(refused(argv('gzip'), ['zip', 'shell', 'module:/srv/*'])).toBe(true);
    expect(refused({ kind: 'shell', line: 'gzip' }, ['gzip'])).toBe(true);
    expect(refused({ kind: 'shell', line: 'gzip' }, ['shell'])).toBe(false);
    expect(refused(module('./a.js'), ['module:/srv/*'])).toBe(false);
    expect(refused(module('../a.js'), ['module:/srv/*'])).toBe(true);
    expect(refused(module('data:text/javascript,1'), ['module:/*'])).toBe(true);
  });
  it('is not got around by a path or a variable', () => {
    expect(refused(argv('/opt/a'), ['/opt/*'])).toBe(false);
    expect(refused(argv('/opt/../bin/sh'), ['/opt/*'])).toBe(true);
    expect(refused(argv('./gzip'), ['gzip', '*'])).toBe(true);
    for (const name of ['PATH', 'LD_PRELOAD', 'NODE_OPTIONS', 'BASH_ENV']) {
      expect(refused(argv('gzip'), ['gzip'], { [name]: '/tmp' })).toBe(true);
    }
    expect(refused(argv('gzip'), ['gzip'], { GZIP: '-9' })).toBe(false);
  });
  it('is given in one of three forms', () => {
    for (const text of ['', 'module:a.js', 'a/b', 'module:']) expect(() => parseAllow(text)).toThrow(ProcctlError);
  });
});
