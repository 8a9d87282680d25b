import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRunning, pidIn } from '../helpers/library.ts';
import {
  type JsonRecord,
  recordsOf,
  runProcctl,
  runTasks,
  scratch,
  startProcctl,
  waitFor,
} from '../helpers/procctl.ts';

const FUNCTIONS = fileURLToPath(new URL('../fixtures/library/task-functions.mjs', import.meta.url));

const call = (name: string, ...args: unknown[]) => ({ module: FUNCTIONS, export: name, args });

type FunctionRecord = JsonRecord & { readonly result?: unknown };

const run = async (tasks: readonly unknown[], ...args: string[]): Promise<readonly FunctionRecord[]> =>
  (await runTasks(tasks, { args: ['--stop-timeout', '5s', ...args] })).records;

const resultsOf = (records: readonly FunctionRecord[]): unknown[] => records.map(({ result }) => result);

describe.concurrent('a function task', () => {
  it('is called with args, then kwargs, and returns its result', async () => {
    const args = [1, 'ä', null, [true, { a: -0.5 }]];
    const records = await run([
      { module: FUNCTIONS },
      { module: FUNCTIONS, args, kwargs: { size: 3 } },
      { module: FUNCTIONS, kwargs: {} },
      { module: new URL(`file://${FUNCTIONS}`).href, args: [2] },
      { module: 'node:path', export: 'join', args: ['a', 'b'] },
    ]);
    expect(records).toMatchObject(
      Array.from({ length: 5 }, () => ({ state: 'succeeded', exitCode: null, signal: null, error: null, attempts: 1 })),
    );
    expect(resultsOf(records)).toEqual([[], [...args, { size: 3 }], [{}], [2], 'a/b']);
  });

  it('names its module relative to the directory of procctl', async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, 'half.mjs'), 'export default (n) => n / 2; export const third = (n) => n / 3;');
    const tasks = [
      { module: './half.mjs', args: [6] },
      { module: 'half.mjs', export: 'third', args: [6] },
    ];
    const { records, code } = await runTasks(tasks, { cwd });
    expect(code).toBe(0);
    expect(resultsOf(records)).toEqual([3, 2]);
    expect(records.map(({ name }) => name)).toEqual(['./half.mjs(6)', 'third(6) of half.mjs']);
  });

  it('runs beside programs, and only its record has a result', async () => {
    const records = await run(['echo a', call('say', 'b'), ['printf', 'c']]);
    expect(records.map(({ stdout }) => stdout)).toEqual(['a\n', 'b out 0\n', 'c']);
    expect(records.map((record) => 'result' in record)).toEqual([false, true, false]);
  });

  it('is called in a worker that is a daemon, whose parent is the pool, and whose directory is that of procctl', async () => {
    const cwd = scratch();
    const procctl = startProcctl(['pool', '--json', '--size', '1', '-'], {
      cwd,
      input: JSON.stringify([call('who'), call('who')]),
    });
    const { stdout } = await procctl.ended;
    const results = resultsOf(recordsOf(stdout)) as { pid: number }[];
    const pids = results.map(({ pid }) => pid);
    const { pid } = procctl;
    const worker = { name: 'PoolWorker-1', daemon: true, parent: { name: 'MainProcess', pid }, isAlive: true, cwd };
    expect(results).toEqual(pids.map((of) => ({ ...worker, pid: of })));
    expect(new Set(pids).size).toBe(1);
    await procctl.discard();
  });

  it('finds in its environment which task it is', async () => {
    const names = ['PROCCTL_TASK_ID', 'PROCCTL_TASK_SEQ', 'PROCCTL_SLOT', 'PROCCTL_ATTEMPT'];
    const task = call('environment', ...names);
    const records = await run([{ ...task, id: 'first' }, task], '--size', '1');
    expect(resultsOf(records)).toEqual([
      ['first', '1', '1', '1'],
      ['2', '2', '1', '1'],
    ]);
  });

  it('starts no more workers than the pool has slots', async () => {
    const records = await run(
      Array.from({ length: 60 }, () => call('pid')),
      '--size',
      '2',
    );
    expect(new Set(resultsOf(records)).size).toBeLessThanOrEqual(2);
  });
});

describe.concurrent('the result', () => {
  it.each([
    ['bigint', 'result.sizes[0] is a BigInt, which JSON does not have'],
    ['nan', 'result is NaN, which JSON does not have'],
    ['map', 'result.sizes is a Map, which JSON does not have'],
    ['buffer', 'result[0] is a Uint8Array, which JSON does not have'],
    ['error', 'result is an Error, which JSON does not have'],
    ['cycle', 'result.inner[0] holds itself, which JSON cannot'],
  ])('of kind %s fails its task, since JSON has no such thing', async (kind, message) => {
    const [record] = await run([call('give', kind)]);
    expect(record).toMatchObject({ state: 'failed', exitCode: null, error: { code: 'ERR_RESULT', message } });
  });

  it('with a function in it fails its task, and says where it is', async () => {
    const [record] = await run([call('give', 'function')]);
    expect(record).toMatchObject({ state: 'failed', error: { code: 'ERR_RESULT' } });
    expect(record?.error?.message).toMatch(/^result\.next\.save is a function/);
  });

  it('is null where nothing is returned, and is else what JSON.stringify makes of it', async () => {
    const records = await run([call('give', 'undefined'), call('give', 'members')]);
    const members = { b: [null, null], c: '1970-01-01T00:00:00.000Z', d: 'ä\n\u2028' };
    expect(resultsOf(records)).toEqual([null, members]);
  });
});

describe.concurrent('what a function writes', () => {
  it('is the output of its task and of no other, however much it is', async () => {
    const words = Array.from({ length: 120 }, (_, index) => ({ word: `w${index}`, lines: (index % 5) ** 5 * 4 }));
    const records = await run(
      words.map(({ word, lines }) => ({ ...call('say', word), kwargs: { lines } })),
      '--size',
      '3',
    );
    for (const [index, { word, lines }] of words.entries()) {
      const expected = Array.from({ length: lines }, (_, line) => `${word} out ${line}\n`).join('');
      expect(records[index]?.stdout === expected).toBe(true);
      expect(records[index]?.stderr).toBe(`${word} err\n`);
    }
  });

  it('is grouped, tagged and in order as that of programs', async () => {
    const input = JSON.stringify([
      { ...call('say', 'a'), name: 'A', kwargs: { lines: 2 } },
      'echo b',
      call('say', 'c'),
    ]);
    const { code, stdout } = await runProcctl(['pool', '--size', '3', '--tag', '-k', '-'], { input });
    expect(code).toBe(0);
    const third = `say("c") of ${FUNCTIONS}`.slice(0, 79);
    expect(stdout.toString().replace(third, 'third').replace('…\t', '\t')).toBe(
      'A\ta out 0\nA\ta out 1\necho b\tb\nthird\tc out 0\n',
    );
  });

  it('is passed on while it runs with --output line', async () => {
    const path = join(scratch(), 'go');
    const procctl = startProcctl(['pool', '--output', 'line', '-'], {
      input: JSON.stringify([call('sayAndWait', path)]),
    });
    await waitFor(() => procctl.stdout.toString() === 'waiting\n', 'the line of the task');
    writeFileSync(path, '');
    expect((await procctl.ended).code).toBe(0);
    await procctl.discard();
  });

  it('goes nowhere when it comes between two tasks', async () => {
    const directory = scratch();
    const [go, done] = [join(directory, 'go'), join(directory, 'done')];
    const tell = `touch ${go}; until [ -e ${done} ]; do sleep 0.01; done`;
    const tasks = [call('sayLate', 'too late', go, done), tell, call('say', 'next')];
    const input = JSON.stringify(tasks);
    const { stdout, stderr } = await runProcctl(['pool', '--json', '--size', '1', '-'], { input });
    expect(recordsOf(stdout).map((record) => record.stdout)).toEqual(['', '', 'next out 0\n']);
    expect(stderr).toContain('procctl: dropped 8 bytes written after the end of their task');
  });
});

describe.concurrent('a function that fails', () => {
  it('by throwing fails its task, with the error in the record and its stack on standard error', async () => {
    const input = JSON.stringify([call('boom'), call('throwText'), call('pid')]);
    const { code, stdout } = await runProcctl(['pool', '--json', '-k', '-'], { input });
    const [boom, text, next] = recordsOf(stdout);
    expect(code).toBe(1);
    expect(boom).toMatchObject({ state: 'failed', exitCode: null, signal: null });
    expect(boom?.error).toEqual({ code: 'ERR_THREW', name: 'RangeError', message: 'too big' });
    expect(boom?.stderr).toMatch(/^RangeError: too big\n {4}at boom \(.*task-functions\.mjs:\d+/);
    expect(text).toMatchObject({ state: 'failed', error: { code: 'ERR_THREW', message: "threw 'just text'" } });
    expect(next?.state).toBe('succeeded');
  });

  it('is told in a line on standard error', async () => {
    const { code, stderr } = await runProcctl(['pool', '-'], {
      input: JSON.stringify([{ ...call('boom'), name: 'b' }]),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('procctl: task 1 (b): RangeError: too big\n');
  });

  it.each([[0], [3]])('by process.exit(%i) fails its task with that code', async (exitCode) => {
    const [record, next] = await run([call('exit', exitCode), call('say', 'next')], '--size', '1');
    expect(record).toMatchObject({ state: 'failed', exitCode, signal: null, stdout: 'leaving\n' });
    expect(record?.error?.code).toBe(exitCode === 0 ? 'ERR_NO_RESULT' : undefined);
    expect(next).toMatchObject({ state: 'succeeded', stdout: 'next out 0\n' });
  });

  it('by process.exit has lost nothing of what it wrote before', async () => {
    const [record] = await run([call('exit', 4, 1_000_000)]);
    expect(record).toMatchObject({ exitCode: 4, stdout: 'leaving\n' });
    expect(record?.stderr).toHaveLength(1_000_000);
  });

  it('by a signal fails its task with that signal', async () => {
    const records = await run([call('kill', 'SIGKILL'), call('kill', 'SIGTERM')]);
    expect(records).toMatchObject([
      { state: 'failed', exitCode: null, signal: 'SIGKILL' },
      { state: 'failed', exitCode: null, signal: 'SIGTERM' },
    ]);
  });

  it('is tried again, and only the output of the last attempt is kept', async () => {
    const path = join(scratch(), 'tried');
    const [record] = await run([{ ...call('failFirst', path), retries: 2 }]);
    expect(record).toMatchObject({
      state: 'succeeded',
      attempts: 2,
      stdout: 'attempt 2\n',
      stderr: '',
      result: 'done',
    });
  });

  it.each([
    ['close', /^something closed descriptor 3/],
    ['write', /^something wrote to descriptor 3/],
  ])('since it has the channel of its worker (%s) fails its task, and no other', async (way, message) => {
    const [record, next] = await run([call('useDescriptor', way), call('say', 'next')], '--size', '1');
    expect(record).toMatchObject({ state: 'failed', error: { code: 'ERR_WORKER_LOST' } });
    expect(record?.error?.message).toMatch(message);
    expect(next?.state).toBe('succeeded');
  });

  it('after it has returned fails no task: the next is called in another worker', async () => {
    const numbers = Array.from({ length: 60 }, (_, index) => index);
    const records = await run(
      numbers.map((number) => call('breakLater', number)),
      '--size',
      '2',
    );
    expect(records.filter(({ state, attempts }) => state !== 'succeeded' || attempts !== 1)).toEqual([]);
    expect(resultsOf(records)).toEqual(numbers);
  });

  it('counts for --halt', async () => {
    const { records, code } = await runTasks([call('boom'), call('pid'), call('pid')], {
      args: ['--halt', 'now,fail=1', '--size', '1'],
    });
    expect(code).toBe(1);
    expect(records.map(({ state }) => state)).toEqual(['failed', 'cancelled', 'cancelled']);
  });
});

const deep = (levels: number): unknown => (levels === 0 ? 0 : [deep(levels - 1)]);

describe.concurrent('a function that cannot be loaded', () => {
  it.each([
    ['arguments that cannot be sent', { ...call('pid'), args: [deep(300)] }, /^args\[0\].* is nested deeper than 250/],
    ['a module that is not there', { module: './no/such.mjs' }, /no\/such\.mjs: no such file$/],
    ['a directory', { module: '/tmp' }, /^module \/tmp is a directory$/],
    ['an export that is not there', call('nope'), /^nope of .* is not there; the module exports boom, .*who/],
    ['an export that is no function', call('notAFunction'), /^notAFunction of .* is no function; /],
    [
      'no module at all',
      { module: 'data:text/javascript,export default (' },
      /cannot be loaded: Unexpected end of input/,
    ],
  ])('because it names %s fails its task with the reason', async (_title, task, message) => {
    const [record, next] = await run([task, call('pid')], '--size', '1');
    expect(record).toMatchObject({ state: 'failed', exitCode: null, signal: null, attempts: 1 });
    expect(record?.error?.code).toBe('args' in task && task.args.length > 0 ? 'ERR_SERIALIZATION' : 'ERR_TARGET');
    expect(record?.error?.message).toMatch(message);
    expect(next?.state).toBe('succeeded');
  });

  it('is loaded anew when it is tried again', async () => {
    const cwd = scratch();
    const text = `import { existsSync, writeFileSync } from 'node:fs';
      if (!existsSync('ready')) { writeFileSync('ready', ''); throw new Error('not ready'); }
      export default () => 'ready';`;
    writeFileSync(join(cwd, 'late.mjs'), text);
    const { records } = await runTasks([{ module: 'late.mjs', retries: 1 }], { cwd });
    expect(records).toMatchObject([{ state: 'succeeded', attempts: 2, result: 'ready' }]);
  });
});

describe.concurrent('a function that has to end', () => {
  // Time enough for a worker to start and for the function to begin, on a machine that has much else to do.
  const limited = (task: object): object => ({ ...task, timeout: '6s' });

  it('at its time limit takes its worker with it, by SIGTERM or after the grace by SIGKILL', async () => {
    const tasks = [limited(call('hang')), limited(call('hangDeaf')), call('say', 'other')];
    const records = await run(tasks, '--stop-timeout', '2s');
    expect(records).toMatchObject([
      { state: 'timedOut', signal: 'SIGTERM' },
      { state: 'timedOut', signal: 'SIGKILL' },
      { state: 'succeeded' },
    ]);
  });

  it('takes what it has started with it', async () => {
    const path = join(scratch(), 'pid');
    const [record] = await run([limited(call('hangWithChild', path))]);
    expect(record?.state).toBe('timedOut');
    expect(isRunning(Number(readFileSync(path, 'utf8')))).toBe(false);
  });

  it('by a signal to procctl is cancelled', async () => {
    const path = join(scratch(), 'pid');
    const procctl = startProcctl(['pool', '--json', '-'], { input: JSON.stringify([call('hang', path)]) });
    await pidIn(path);
    procctl.signal('SIGINT');
    const { code, stdout, left, leftFiles } = await procctl.ended;
    expect([code, left, leftFiles]).toEqual([130, [], []]);
    expect(recordsOf(stdout)).toMatchObject([{ state: 'cancelled', signal: 'SIGTERM', attempts: 1 }]);
    await procctl.discard();
  });

  it('has succeeded if it returns all the same, and its worker ends', async () => {
    const procctl = startProcctl(['pool', '--json', '-'], { input: JSON.stringify([call('obeyLate')]) });
    const { code, stdout, left } = await procctl.ended;
    expect([code, left]).toEqual([143, []]);
    expect(recordsOf(stdout)).toMatchObject([{ state: 'succeeded', result: 'told to end' }]);
    await procctl.discard();
  });

  it('ends when procctl is killed, deaf or not, with what functions have started', async () => {
    const directory = scratch();
    const paths = ['a', 'b', 'c'].map((name) => join(directory, name));
    const tasks = [call('hang', paths[0]), call('hangDeaf', paths[1]), call('hangWithChild', paths[2])];
    const procctl = startProcctl(['pool', '--size', '3', '--stop-timeout', '200ms', '-'], {
      input: JSON.stringify(tasks),
    });
    const pids = await Promise.all(paths.map((path) => pidIn(path)));
    procctl.signal('SIGKILL');
    await procctl.ended;
    await waitFor(() => procctl.family().length === 0, 'the end of all that procctl had started');
    expect(pids.filter(isRunning)).toEqual([]);
    await procctl.discard();
  });
});

it('a program that a function has left running is ended, and named, when the pool ends', async () => {
  const { code, stdout, stderr } = await runProcctl(['pool', '--json', '-'], {
    input: JSON.stringify([call('leaveBehind')]),
  });
  const [record] = recordsOf(stdout) as FunctionRecord[];
  expect(code).toBe(0);
  expect(stderr).toContain(`procctl: ended what tasks had left running: ${record?.result} (sleep)`);
});

it('a program that a function has left running may have last words', async () => {
  const { stderr } = await runProcctl(['pool', '--json', '-'], {
    input: JSON.stringify([call('leaveTalker', join(scratch(), 'begun'))]),
  });
  expect(stderr).toMatch(/^procctl: ended what tasks had left running: \d+ \(sh\)/);
  expect(stderr).toContain('procctl: dropped 11 bytes written after the end of their task\n');
});

it('a pool with a function at work has its worker, and with programs alone has none', async () => {
  const path = join(scratch(), 'go');
  const procctl = startProcctl(['pool', '-'], {
    input: JSON.stringify([call('sayAndWait', path)]),
  });
  const workers = (of: typeof procctl) => of.family().filter(({ command }) => command.endsWith('dist/lib/worker.js'));
  await waitFor(() => workers(procctl).length === 1, 'a worker');
  writeFileSync(path, '');
  expect((await procctl.ended).code).toBe(0);
  await procctl.discard();
  const wait = `echo begun; until [ -e ${join(path, '../more')} ]; do sleep 0.01; done`;
  const programs = startProcctl(['pool', '--output', 'line', '-'], { input: JSON.stringify([wait]) });
  await waitFor(() => programs.stdout.toString() === 'begun\n', 'the task');
  expect(workers(programs)).toEqual([]);
  writeFileSync(join(path, '../more'), '');
  await programs.ended;
  await programs.discard();
});

it('a document with a task that makes no sense runs nothing: exit 2', async () => {
  const path = join(scratch(), 'touched');
  const tasks = [['touch', path], { ...call('pid'), cwd: '/tmp' }];
  const { code, stderr } = await runProcctl(['pool', '-'], { input: JSON.stringify(tasks) });
  expect(code).toBe(2);
  expect(stderr).toBe(
    'procctl: (standard input): [1].cwd: "cwd" cannot be kept for a function: its worker is shared with other tasks\n',
  );
  expect(existsSync(path)).toBe(false);
});
