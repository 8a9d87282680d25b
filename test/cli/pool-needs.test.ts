import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  expectNothingLeft,
  type JsonRecord,
  recordsOf,
  runProcctl,
  scratch,
  startProcctl,
  waitFor,
} from '../helpers/procctl.ts';

const TIMEOUT = 60_000;
const directory = scratch();

let count = 0;
const freshFile = (): string => join(directory, `file-${count++}`);

/** A task that writes its name behind those of the tasks before it. */
const marks = (log: string, id: string, ...needs: string[]) => ({
  id,
  name: id,
  command: `echo ${id} >>${log}`,
  needs,
});

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);

const run = (tasks: unknown, ...args: string[]) =>
  runProcctl(['pool', '--size', '4', ...args, '-'], { input: JSON.stringify(tasks), cwd: directory });

const byId = (stdout: Buffer): ReadonlyMap<string, JsonRecord> =>
  new Map(recordsOf(stdout).map((record) => [record.id, record]));

describe.concurrent('a task that needs others', () => {
  it('runs after all of them, wherever they stand in the file', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const { code } = await run([
      marks(log, 'top', 'left', 'right'),
      marks(log, 'left', 'bottom'),
      marks(log, 'right', 'bottom'),
      { ...marks(log, 'bottom'), command: `sleep 0.1; echo bottom >>${log}` },
    ]);
    expect(code).toBe(0);
    const lines = linesOf(log);
    expect([lines[0], lines[3]]).toEqual(['bottom', 'top']);
    expect(lines.slice(1, 3).sort()).toEqual(['left', 'right']);
  });

  it('is skipped with all that need it when one fails, and the others run', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const tasks = [
      { id: 'a', command: 'exit 3' },
      marks(log, 'b', 'a'),
      marks(log, 'c', 'b'),
      marks(log, 'd'),
      marks(log, 'e', 'd'),
    ];
    const { code, stderr } = await run(tasks);
    expect(code).toBe(1);
    expect(linesOf(log)).toEqual(['d', 'e']);
    expect(stderr).toContain('procctl: task a (exit 3): exit code 3\nprocctl: 2 tasks skipped, as a failed: b, c\n');
    expect(stderr).toContain('2 succeeded, 1 failed, 2 skipped');
  });

  it('says in its record which need has not succeeded', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const tasks = [
      { id: 'a', command: 'sleep 60', timeout: '100ms' },
      marks(log, 'b', 'a'),
      marks(log, 'c', 'b'),
      { id: 'f', module: './none.mjs', needs: ['c'] },
    ];
    const { code, stdout, stderr } = await run(tasks, '--json');
    expect(code).toBe(1);
    expect(stderr).not.toContain('skipped, as');
    const records = byId(stdout);
    expect(records.get('a')).toMatchObject({ state: 'timedOut' });
    const skipped = {
      state: 'skipped',
      exitCode: null,
      signal: null,
      attempts: 0,
      slot: null,
      startedAt: null,
      stdout: '',
    };
    expect(records.get('b')).toMatchObject({
      ...skipped,
      error: { code: 'ERR_NEED', need: 'a', message: 'it needs a, which timed out' },
    });
    expect(records.get('c')).toMatchObject({
      ...skipped,
      error: { code: 'ERR_NEED', need: 'b', message: 'it needs b, which was skipped, as a timed out' },
    });
    expect(records.get('f')).toMatchObject({ ...skipped, error: { code: 'ERR_NEED', need: 'c' } });
  });

  it('waits while its need is tried again, and runs if that succeeds in the end', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const flaky = { id: 'a', command: '[ "$PROCCTL_ATTEMPT" = 3 ]', retries: 2 };
    const { code } = await run([marks(log, 'b', 'a'), flaky], '--retry-delay', '10ms..20ms');
    expect(code).toBe(0);
    expect(linesOf(log)).toEqual(['b']);
  });

  it('may be a function, and may need one', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const module = freshFile().concat('.mjs');
    writeFileSync(
      module,
      `import { appendFileSync } from 'node:fs';
      export default (word) => appendFileSync(${JSON.stringify(log)}, word + '\\n');`,
    );
    const { code } = await run([
      { module, args: ['third'], needs: ['2'] },
      marks(log, '2', '3'),
      { module, args: ['first'] },
    ]);
    expect(code).toBe(0);
    expect(linesOf(log)).toEqual(['first', '2', 'third']);
  });

  it('is cancelled by Ctrl-C, like its need', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const procctl = startProcctl(['pool', '--json', '-'], {
      input: JSON.stringify([{ id: 'a', command: `echo begun >${log}; sleep 60` }, marks(log, 'b', 'a')]),
    });
    try {
      await waitFor(() => linesOf(log).length > 0, 'the first task to begin');
      procctl.signal('SIGINT');
      const ended = await procctl.ended;
      expect(ended.code).toBe(130);
      const records = byId(ended.stdout);
      expect(records.get('a')).toMatchObject({ state: 'cancelled', attempts: 1 });
      expect(records.get('b')).toMatchObject({ state: 'cancelled', attempts: 0, error: null });
      expectNothingLeft(ended);
    } finally {
      await procctl.discard();
    }
  });

  it('is cancelled by --halt, unless it was the failure of its own need', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const tasks = [
      { id: 'a', command: 'exit 1' },
      { id: 'slow', command: 'sleep 60' },
      marks(log, 'b', 'a'),
      marks(log, 'c', 'slow'),
      marks(log, 'd', 'b', 'c'),
    ];
    const { code, stdout } = await run(tasks, '--json', '--halt', 'now,fail=1');
    expect(code).toBe(1);
    const states = [...byId(stdout)].map(([id, { state }]) => `${id} ${state}`).sort();
    expect(states).toEqual(['a failed', 'b skipped', 'c cancelled', 'd skipped', 'slow cancelled']);
    expect(linesOf(log)).toEqual([]);
  });

  it('runs in its turn at the end of a chain of 5000', { timeout: 2 * TIMEOUT }, async () => {
    const log = freshFile();
    const length = 5000;
    const chain = Array.from({ length }, (_, at) => ({
      id: `t${at}`,
      command: `echo ${at} >>${log}`,
      ...(at + 1 < length ? { needs: [`t${at + 1}`] } : {}),
    }));
    const { code } = await run(chain, '--quiet', '--output', 'none');
    expect(code).toBe(0);
    expect(linesOf(log)).toEqual(Array.from({ length }, (_, at) => String(length - 1 - at)));
  });

  it('is told of in one line with all others that one failure takes along', { timeout: TIMEOUT }, async () => {
    const many = Array.from({ length: 3000 }, (_, at) => ({ id: `t${at}`, command: 'true', needs: ['first'] }));
    const { code, stderr } = await run([{ id: 'first', command: 'false' }, ...many]);
    expect(code).toBe(1);
    expect(stderr.split('\n').slice(0, -2)).toEqual([
      'procctl: task first (false): exit code 1',
      'procctl: 3000 tasks skipped, as first failed: t0, t1, t2, t3, t4 and 2995 more',
    ]);
  });

  it('keeps its place with --keep-order', { timeout: TIMEOUT }, async () => {
    const tasks = [
      { id: 'a', command: 'echo a', needs: ['b'] },
      { id: 'b', command: 'echo b' },
      'echo c',
      { command: 'echo d', needs: ['x'] },
      { id: 'x', command: 'false' },
    ];
    const { stdout } = await run(tasks, '--keep-order');
    expect(stdout.toString()).toBe('a\nb\nc\n');
  });
});

describe.concurrent('a list that is resumed', () => {
  it('takes what is done for succeeded, and runs what had been skipped', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const journal = freshFile();
    const tasks = [
      marks(log, 'c', 'b', 'a'),
      { ...marks(log, 'b', 'a'), command: `[ -e ${log}.mended ] && echo b >>${log}` },
      marks(log, 'a'),
    ];
    const first = await run(tasks, '--journal', journal);
    expect(first.code).toBe(1);
    expect(linesOf(log)).toEqual(['a']);
    writeFileSync(`${log}.mended`, '');
    const second = await run(tasks, '--journal', journal, '--resume');
    expect({ code: second.code, stderr: second.stderr }).toMatchObject({ code: 0 });
    expect(linesOf(log)).toEqual(['a', 'b', 'c']);
  });

  it('starts the chain first that took longest the last time', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const journal = freshFile();
    const named = (id: string, seconds: number, ...needs: string[]) => ({
      ...marks(log, id, ...needs),
      command: `sleep ${seconds}; echo ${id} >>${log}`,
    });
    const tasks = [named('a', 0), named('b', 0, 'a'), named('c', 0, 'b'), named('long', 0.5)];
    const args = ['--size', '1', '--journal', journal];
    await run(tasks, ...args);
    await run(tasks, ...args);
    expect(linesOf(log)).toEqual(['a', 'b', 'c', 'long', 'long', 'a', 'b', 'c']);
  });
});

describe.concurrent('needs that nobody can fulfil', () => {
  it.each([
    [
      'a circle',
      [
        { id: 'a', needs: ['b'] },
        { id: 'b', needs: ['c'] },
        { id: 'c', needs: ['a'] },
      ],
      'a needs b needs c needs a',
    ],
    ['a task that needs itself', [{ id: 'a', needs: ['a'] }], '[0].needs[0]: a task cannot need itself'],
    ['an id that no task has', [{ id: 'a', needs: ['z'] }], '[0].needs[0]: no task has the id "z"'],
  ])('are refused before anything runs: %s', { timeout: TIMEOUT }, async (_, needy, message) => {
    const log = freshFile();
    const { code, stderr } = await run(
      needy.map((task) => ({ ...task, command: `echo ran >>${log}` })).concat(marks(log, 'late')),
    );
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(existsSync(log)).toBe(false);
  });

  it('stop NDJSON at their line, and what needs what was read is cancelled', { timeout: TIMEOUT }, async () => {
    const lines = [
      { id: 'a', command: 'echo a' },
      { id: 'b', command: 'echo b', needs: ['a'] },
      { id: 'c', command: 'echo c', needs: ['d'] },
    ];
    const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const { code, stderr } = await runProcctl(['pool', '--format', 'ndjson', '-'], { input });
    expect(code).toBe(2);
    expect(stderr).toContain('(standard input):3: needs[0]: no earlier task has the id "d"');
  });
});

describe.concurrent('NDJSON with needs', () => {
  it('is read on while all that has been read waits', { timeout: TIMEOUT }, async () => {
    const go = freshFile();
    const log = freshFile();
    const lines = [
      { id: 'gate', command: `until [ -e ${go} ]; do sleep 0.02; done` },
      ...Array.from({ length: 3000 }, (_, at) => ({ id: `t${at}`, command: ['true'], needs: ['gate'] })),
      { id: 'key', command: `echo key >>${log}; touch ${go}` },
      { id: 'last', command: `echo last >>${log}`, needs: ['gate', 't2999', 'key'] },
    ];
    const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const { code } = await runProcctl(['pool', '--size', '2', '--format', 'ndjson', '--quiet', '-'], { input });
    expect(code).toBe(0);
    expect(linesOf(log)).toEqual(['key', 'last']);
  });

  it('skips a line that needs one which failed long before', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const procctl = startProcctl(['pool', '--format', 'ndjson', '-'], { isInputOpen: true });
    const put = (task: object) => procctl.stdin.write(`${JSON.stringify(task)}\n`);
    try {
      put({ id: 'a', command: 'false' });
      await waitFor(() => procctl.stderr.includes('task a (false): exit code 1'), 'the failure');
      put(marks(log, 'b', 'a'));
      put(marks(log, 'c'));
      procctl.stdin.end();
      const { code, stderr } = await procctl.ended;
      expect(code).toBe(1);
      expect(stderr).toContain('procctl: task b: skipped, as a failed\n');
      expect(linesOf(log)).toEqual(['c']);
    } finally {
      await procctl.discard();
    }
  });
});

describe.concurrent('the order of starts', () => {
  it('is that of priorities, then of the longest chain, then of the file', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const document = {
      defaults: { priority: 1 },
      tasks: [
        marks(log, 'plain'),
        { ...marks(log, 'late'), priority: 0 },
        marks(log, 'third', 'second'),
        marks(log, 'second', 'first'),
        marks(log, 'first'),
        { ...marks(log, 'urgent'), priority: 2.5 },
      ],
    };
    const { code } = await run(document, '--size', '1');
    expect(code).toBe(0);
    expect(linesOf(log)).toEqual(['urgent', 'first', 'second', 'plain', 'third', 'late']);
  });
});

describe.concurrent('the pause before another try', () => {
  it('holds no slot, and is told', { timeout: TIMEOUT }, async () => {
    const log = freshFile();
    const flaky = `echo flaky >>${log}; [ -e ${log}.go ]`;
    const tasks = [
      { id: 'a', command: flaky, retries: 1, retryDelay: '1500ms' },
      `echo other >>${log}; touch ${log}.go`,
    ];
    const { code, stderr } = await run(tasks, '--size', '1');
    expect(code).toBe(0);
    expect(linesOf(log)).toEqual(['flaky', 'other', 'flaky']);
    expect(stderr).toContain('exit code 1, trying again in 1.5s (attempt 2 of 2)');
  });

  it('is shown, and is over at once when the pool is cancelled', { timeout: TIMEOUT }, async () => {
    const tasks = [
      { id: 'a', command: 'false', retries: 9 },
      { id: 'b', command: 'true', needs: ['a'] },
    ];
    const procctl = startProcctl(['pool', '--progress', 'plain', '--retry-delay', '1h', '-'], {
      input: JSON.stringify(tasks),
    });
    try {
      await waitFor(
        () => procctl.stderr.includes('procctl: 0/2 done, 1 waiting (needs), 1 waiting (retry)'),
        'the counts',
      );
      procctl.signal('SIGTERM');
      const ended = await procctl.ended;
      expect(ended.code).toBe(143);
      expect(ended.stderr).toContain('2 tasks: 1 failed, 1 cancelled');
      expectNothingLeft(ended);
    } finally {
      await procctl.discard();
    }
  });

  it.each([
    ['1m..1s', 'the range "1m..1s" ends before it begins'],
    ['soon', 'expected a duration such as "30s", got "soon"'],
  ])('is not %s', { timeout: TIMEOUT }, async (value, message) => {
    const { code, stderr } = await run(['echo ran'], '--retry-delay', value);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

it('builds the example in the order of its needs', { timeout: TIMEOUT }, async () => {
  const example = fileURLToPath(new URL('../../examples/build.json', import.meta.url));
  const { code, stdout, stderr } = await runProcctl(['pool', '--size', '2', example]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('7 tasks: 7 succeeded') });
  const ids = stdout
    .toString()
    .split('\n')
    .flatMap((line) => /^(\w+):/.exec(line)?.[1] ?? []);
  const { tasks } = JSON.parse(readFileSync(example, 'utf8')) as { tasks: { id: string; needs?: string[] }[] };
  for (const { id, needs = [] } of tasks)
    for (const need of needs) expect(ids.indexOf(need)).toBeLessThan(ids.indexOf(id));
  expect(ids.sort()).toEqual(tasks.map(({ id }) => id).sort());
});
