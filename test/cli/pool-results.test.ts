import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type JsonRecord, recordsOf, runProcctl, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';

const run = (tasks: readonly unknown[], ...args: readonly string[]) =>
  runProcctl(['pool', '--size', '2', ...args, '-'], { input: JSON.stringify(tasks) });

const metaOf = (folder: string): JsonRecord & Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'));

const filesOf = (folder: string): string[] => readdirSync(folder).sort();

const WHOLE = ['meta.json', 'stderr', 'stdout'];

describe.concurrent('--results with a directory', () => {
  it('has a folder for each task, with what it wrote and how it ended', async () => {
    const results = join(scratch(), 'new', 'results');
    const tasks = [
      'echo out; echo err >&2',
      { id: 'second', command: ['sh', '-c', 'exit 3'], cwd: '/' },
      ['printf', '\\377\\000'],
    ];
    const { code, stdout } = await run(tasks, '--results', results, '--output', 'none');
    expect([code, stdout.length]).toEqual([1, 0]);
    expect(filesOf(results)).toEqual(['1', '3', 'second']);
    for (const name of filesOf(results)) expect(filesOf(join(results, name))).toEqual(WHOLE);
    expect(readFileSync(join(results, '1', 'stdout'), 'utf8')).toBe('out\n');
    expect(readFileSync(join(results, '1', 'stderr'), 'utf8')).toBe('err\n');
    expect([...readFileSync(join(results, '3', 'stdout'))]).toEqual([255, 0]);
    const facts = { command: 'echo out; echo err >&2', stdoutBytes: 4, stderrBytes: 4 };
    expect(metaOf(join(results, '1'))).toMatchObject({ seq: 1, id: '1', state: 'succeeded', exitCode: 0, ...facts });
    const second = { seq: 2, id: 'second', state: 'failed', exitCode: 3, command: ['sh', '-c', 'exit 3'], cwd: '/' };
    expect(metaOf(join(results, 'second'))).toMatchObject({ ...second, stdoutBytes: 0, stderrBytes: 0 });
  });

  it('says of a template with {%} what was run, in the slot it was run in', async () => {
    const [results, cwd] = [scratch(), scratch()];
    mkdirSync(join(cwd, '1'));
    const template = ['--size', '1', '--cwd', '{%}', '--', 'echo', 'slot {%}', '{}', ':::', 'a', 'b'];
    const kept = await runProcctl(['pool', '--results', results, ...template], { cwd });
    expect(kept.code).toBe(0);
    const facts = { slot: 1, command: ['echo', 'slot 1', 'a'], cwd: join(cwd, '1') };
    expect(metaOf(join(results, '1'))).toMatchObject(facts);
    const table = join(results, 'all.csv');
    const halted = ['--halt', 'soon,fail=1', '--size', '1', '--', 'sh', '-c', 'exit {%}', '{}', ':::', 'a', 'b'];
    await runProcctl(['pool', '--results', table, ...halted], { cwd });
    const rows = readFileSync(table, 'utf8').split('\r\n');
    expect(rows.filter((row) => row.startsWith('1,'))).toEqual([expect.stringContaining(",sh -c 'exit 1' a,")]);
    expect(rows.filter((row) => row.startsWith('2,'))).toEqual([expect.stringContaining(",sh -c 'exit {%}' b,")]);
  });

  it.each(['results', 'results.csv'])('is for one pool at a time: %s', async (name) => {
    const cwd = scratch();
    const first = startProcctl(['pool', '--results', name, '--', 'sh', '-c', 'touch began; sleep 1000', ':::', 'a'], {
      cwd,
    });
    try {
      await waitFor(() => existsSync(join(cwd, 'began')), 'its task');
      writeFileSync(join(cwd, 'journal'), '');
      const args = ['--results', `./${name}`, '--journal', 'journal', '--resume', '--', 'touch', ':::', 'second'];
      const second = await runProcctl(['pool', ...args], { cwd });
      expect([second.code, existsSync(join(cwd, 'second'))]).toEqual([2, false]);
      expect(second.stderr).toBe(
        `procctl: --results ./${name}: is in use by another procctl pool, pid ${first.pid} (wait for it to end, or give another name)\n`,
      );
      first.signal('SIGKILL');
      await first.ended;
      expect((await runProcctl(['pool', ...args], { cwd })).code).toBe(0);
      const left = [cwd, join(cwd, 'results')].filter((path) => existsSync(path)).flatMap((path) => readdirSync(path));
      expect(left.filter((file) => file.includes('.lock-'))).toEqual([]);
    } finally {
      await first.discard();
    }
  });

  it.each(['group', 'line'])('stands beside --output %s', async (mode) => {
    const results = scratch();
    const { stdout, stderr } = await run(['echo a; echo b >&2'], '--results', results, '--output', mode, '--quiet');
    expect([stdout.toString(), stderr]).toEqual(['a\n', 'b\n']);
    expect(readFileSync(join(results, '1', 'stdout'), 'utf8')).toBe('a\n');
  });

  it('stands beside --json, whose record meta.json has', async () => {
    const results = scratch();
    const tasks = ['echo a', 'kill -9 $$', ['no-such-program']];
    const { stdout } = await run(tasks, '--results', results, '--json');
    for (const { stdout: _, stderr: __, ...record } of recordsOf(stdout)) {
      expect(metaOf(join(results, record.id))).toMatchObject(record);
    }
    expect(readFileSync(join(results, '1', 'stdout'), 'utf8')).toBe('a\n');
  });

  it('has the calls of functions too', async () => {
    const results = scratch();
    const module = 'data:text/javascript,export default (n) => { console.log("called"); return n + 1; }';
    await run([{ module, args: [41] }], '--results', results);
    expect(metaOf(join(results, '1'))).toMatchObject({
      result: 42,
      command: { module, export: 'default', args: [41] },
    });
    expect(readFileSync(join(results, '1', 'stdout'), 'utf8')).toBe('called\n');
  });

  it('names folders by ids in a way that can be undone and leaves the directory never', async () => {
    const results = scratch();
    const ids = ['..', '.', '../../x', '/etc/passwd', '-rf', 'a b', 'é\n', '100%', '%41', 'A', 'x.tar.gz', 'meta.json'];
    await run(
      [...ids.map((id) => ({ id, command: 'true' })), { id: 'y'.repeat(5_000), command: 'true' }],
      '--results',
      results,
    );
    const names = readdirSync(results);
    const short = names.filter((name) => !name.includes('%~'));
    expect(short.map((name) => decodeURIComponent(name)).sort()).toEqual([...ids].sort());
    expect(names.filter((name) => name.includes('%~'))).toEqual([expect.stringMatching(/^y{200}%~[0-9a-f]{32}$/)]);
  });

  it('writes while the task runs, and meta.json only at its end', async () => {
    const directory = scratch();
    const [results, go] = [join(directory, 'r'), join(directory, 'go')];
    const procctl = startProcctl(['pool', '--results', results, '-'], {
      input: JSON.stringify([`echo first; until [ -e ${go} ]; do sleep 0.01; done`]),
    });
    const stdout = join(results, '1', 'stdout');
    await waitFor(() => existsSync(stdout) && readFileSync(stdout, 'utf8') === 'first\n', 'the first line');
    expect(existsSync(join(results, '1', 'meta.json'))).toBe(false);
    writeFileSync(go, '');
    await procctl.ended;
    expect(filesOf(join(results, '1'))).toEqual(WHOLE);
    await procctl.discard();
  });

  it('leaves a folder without meta.json when procctl is killed', async () => {
    const results = scratch();
    const procctl = startProcctl(['pool', '--size', '1', '--results', results, '-'], {
      input: JSON.stringify(['echo done', 'echo started; sleep 60']),
    });
    const stdout = join(results, '2', 'stdout');
    await waitFor(() => existsSync(stdout) && readFileSync(stdout, 'utf8') === 'started\n', 'the second task');
    procctl.signal('SIGKILL');
    await procctl.ended;
    expect([filesOf(join(results, '1')), filesOf(join(results, '2'))]).toEqual([WHOLE, ['stderr', 'stdout']]);
    await procctl.discard();
  });

  it('keeps the last attempt of a task', async () => {
    const results = scratch();
    await run(['echo try $PROCCTL_ATTEMPT; exit $((2 - PROCCTL_ATTEMPT))'], '--retries', '3', '--results', results);
    expect(readFileSync(join(results, '1', 'stdout'), 'utf8')).toBe('try 2\n');
    expect(metaOf(join(results, '1'))).toMatchObject({ attempts: 2, stdoutBytes: 6 });
  });

  it('replaces the folders of what runs again, leaves the others alone, and follows no links', async () => {
    const [results, outside] = [scratch(), scratch()];
    await run(['echo long long long', 'echo kept'], '--results', results);
    writeFileSync(join(outside, 'precious'), 'precious');
    rmSync(join(results, '1', 'stderr'));
    symlinkSync(join(outside, 'precious'), join(results, '1', 'stderr'));
    writeFileSync(join(results, '1', 'notes'), 'of somebody');
    await run(['echo a; echo b >&2'], '--results', results);
    expect(readFileSync(join(results, '1', 'stdout'), 'utf8')).toBe('a\n');
    expect(readFileSync(join(results, '2', 'stdout'), 'utf8')).toBe('kept\n');
    expect(filesOf(join(results, '1'))).toEqual(['meta.json', 'notes', 'stderr', 'stdout']);
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
  });

  it('touches no folder of a task that is not started', async () => {
    const results = scratch();
    await run(['true', 'echo before'], '--results', results);
    const { code } = await run(['false', 'echo after'], '--results', results, '--size', '1', '--halt', 'now,fail=1');
    expect(code).toBe(1);
    expect(readFileSync(join(results, '2', 'stdout'), 'utf8')).toBe('before\n');
  });

  it('keeps megabytes byte by byte', async () => {
    const directory = scratch();
    const bytes = Buffer.alloc(5_000_000, 'abc\0\xff\n', 'latin1');
    writeFileSync(join(directory, 'data'), bytes);
    const results = join(directory, 'r');
    await run([`cat ${directory}/data; cat ${directory}/data >&2`], '--results', results, '--output', 'none');
    expect(readFileSync(join(results, '1', 'stdout')).equals(bytes)).toBe(true);
    expect(readFileSync(join(results, '1', 'stderr')).equals(bytes)).toBe(true);
  });

  it.each([
    ['', /expected a directory or a file/],
    ['out.json', /no \.json files are written/],
    ['/proc/none', /--results \/proc\/none: no such file/],
    ['/dev/null', /there is a file of that name/],
    ['/dev/null/a', /not a directory/],
  ])('is refused before anything runs when it is %j', async (path, message) => {
    const file = join(scratch(), 'ran');
    const { code, stderr } = await run([`: >${file}`], '--results', path);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(existsSync(file)).toBe(false);
  });

  it('fails a task whose folder cannot be made or is taken away, and no other', async () => {
    const results = scratch();
    writeFileSync(join(results, '1'), 'a file where the folder belongs');
    const tasks = [
      'echo a',
      `echo b; rm -r ${results}/2; sleep 0.1; echo c`,
      `rm ${results}/3/stdout; echo d`,
      'echo e',
    ];
    const { code, stdout } = await run(tasks, '--json', '--results', results);
    const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
    expect(code).toBe(1);
    const lost = { state: 'failed', exitCode: null, error: { code: 'ERR_RESULTS_LOST' } };
    expect(records).toMatchObject([lost, lost, lost, { state: 'succeeded', stdout: 'e\n' }]);
    expect(existsSync(join(results, '3', 'meta.json'))).toBe(false);
    expect(filesOf(join(results, '4'))).toEqual(WHOLE);
  });
});

/** Calls `use` with a file system of 256 KiB; false where we may not mount one. */
const onTinyDisk = async (use: (path: string) => Promise<void>): Promise<boolean> => {
  const path = scratch();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'procctl-test', path], { stdio: 'ignore' });
  } catch {
    return false;
  }
  try {
    await use(path);
  } finally {
    execFileSync('umount', [path]);
  }
  return true;
};

describe.concurrent('--results on a full disk', () => {
  it('fails the tasks whose results are not whole', async () => {
    await onTinyDisk(async (path) => {
      const tasks = ['echo small', 'head -c 1000000 /dev/zero', 'echo small too'];
      const { code, stdout } = await run(tasks, '--json', '--size', '1', '--results', join(path, 'r'));
      expect(code).toBe(1);
      const [first, second] = recordsOf(stdout);
      expect(first).toMatchObject({ state: 'succeeded' });
      expect(second).toMatchObject({ state: 'failed', error: { code: 'ERR_RESULTS_LOST' } });
      expect(second?.error?.message).toContain('no space left');
      expect(existsSync(join(path, 'r', '2', 'meta.json'))).toBe(false);
    });
  });

  it('ends the pool with 125 when a row does not fit, and leaves the whole rows', async () => {
    await onTinyDisk(async (path) => {
      const file = join(path, 'r.ndjson');
      const tasks = ['echo small', 'head -c 1000000 /dev/zero', 'sleep 0.1'];
      const { code, stderr } = await run(tasks, '--size', '1', '--output', 'none', '--results', file);
      expect(code).toBe(125);
      expect(stderr).toContain(`--results ${file}: cannot be written: no space left`);
      expect(recordsOf(readFileSync(file))).toMatchObject([{ seq: 1, stdout: 'small\n' }]);
    });
  });
});

/** Fields of CSV, by the grammar of RFC 4180. */
const csvOf = (text: string): string[][] => {
  const rows: string[][] = [[]];
  let rest = text;
  while (rest !== '') {
    const [all = '', quoted, plain, end] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest) ?? [];
    if (all === '') throw new Error(`no field of CSV: ${rest.slice(0, 80)}`);
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') rows.push([]);
    rest = rest.slice(all.length);
  }
  if (rows.pop()?.length !== 0) throw new Error('the last row is not ended');
  return rows;
};

describe.concurrent('--results with a file', () => {
  it('of CSV has a row for each task', async () => {
    const file = join(scratch(), 'r.csv');
    const tasks = [
      ['printf', '%s\n', 'a "quoted", one', ''],
      { id: 'b,c', name: 'two\nlines', command: 'echo x >&2; kill -9 $$' },
      ['printf', '\\377'],
      ['no-such-program'],
    ];
    const { code, stdout } = await run(tasks, '--results', file, '--size', '1', '--output', 'none');
    expect([code, stdout.length]).toEqual([1, 0]);
    const [header = [], ...rows] = csvOf(readFileSync(file, 'utf8'));
    expect(header.join()).toBe(
      'Seq,Id,Name,State,ExitCode,Signal,StartedAt,DurationMs,Attempts,Slot,Command,Stdout,Stderr,Encoding,Error',
    );
    const records = rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index]])));
    expect(records).toMatchObject([
      { Seq: '1', State: 'succeeded', ExitCode: '0', Signal: '', Stdout: 'a "quoted", one\n\n', Stderr: '', Error: '' },
      { Id: 'b,c', Name: 'two\nlines', ExitCode: '', Signal: 'SIGKILL', Stdout: '', Stderr: 'x\n', Encoding: '' },
      { Stdout: '/w==', Encoding: 'base64', Command: "printf '\\377'" },
      { State: 'failed', Error: 'ERR_NOT_FOUND', Attempts: '1' },
    ]);
    expect(records[0]?.Command).toBe(`printf '%s\n' 'a "quoted", one' ''`);
  });

  it.each(['r.ndjson', 'r.jsonl'])('named %s has the lines of --json', async (name) => {
    const file = join(scratch(), name);
    const tasks = ['echo a', 'exit 3', ['printf', '\\377'], 'head -c 300000 /dev/zero'];
    const { stdout } = await run(tasks, '--json', '--results', file);
    expect(readFileSync(file, 'utf8').split('\n').sort()).toEqual(stdout.toString().split('\n').sort());
  });

  it('is refused when there is such a file, and that is left alone', async () => {
    const file = join(scratch(), 'r.csv');
    writeFileSync(file, 'mine');
    const { code, stderr } = await run(['echo a'], '--results', file);
    expect(code).toBe(2);
    expect(stderr).toContain('there is such a file already');
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('is refused where it cannot be written', async () => {
    const directory = scratch();
    mkdirSync(join(directory, 'd.csv'));
    for (const name of ['none/r.csv', 'd.csv']) {
      expect(await run(['true'], '--results', join(directory, name))).toMatchObject({ code: 2 });
    }
  });

  it('is not there after a run whose input was wrong, and is after one without tasks', async () => {
    const directory = scratch();
    const [bad, empty] = [join(directory, 'bad.csv'), join(directory, 'empty.csv')];
    expect(await run([{ cmd: 'x' }], '--results', bad)).toMatchObject({ code: 2 });
    expect(existsSync(bad)).toBe(false);
    expect(await run([], '--results', empty)).toMatchObject({ code: 0 });
    expect(csvOf(readFileSync(empty, 'utf8'))).toHaveLength(1);
  });

  it('cannot be mistaken for a directory when that is meant', async () => {
    const results = `${scratch()}/r.csv/`;
    expect(await run(['echo a'], '--results', results)).toMatchObject({ code: 0 });
    expect(readFileSync(join(results, '1', 'stdout'), 'utf8')).toBe('a\n');
  });
});

describe.concurrent('--results of a run that is resumed', () => {
  /** A task of another directory is another task. */
  const runIn = (cwd: string, list: readonly string[], ...args: readonly string[]) =>
    runProcctl(['pool', '--size', '2', ...args, '-'], { cwd, input: JSON.stringify(list) });
  const tasks = (go: string) => ['echo one', `[ -e ${go} ] && echo two`, 'echo three'];

  it('completes the folders, and leaves those of what was done alone', async () => {
    const directory = scratch();
    const [results, journal, go] = ['r', 'journal', 'go'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    const args = ['--results', results, '--journal', journal];
    expect((await runIn(directory, tasks(go), ...args)).code).toBe(1);
    const before = readFileSync(join(results, '1', 'meta.json'), 'utf8');
    writeFileSync(go, '');
    expect((await runIn(directory, tasks(go), ...args, '--resume')).code).toBe(0);
    expect(readFileSync(join(results, '1', 'meta.json'), 'utf8')).toBe(before);
    for (const name of filesOf(results)) expect(metaOf(join(results, name)).state).toBe('succeeded');
    expect(readFileSync(join(results, '2', 'stdout'), 'utf8')).toBe('two\n');
  });

  it.each(['r.csv', 'r.ndjson'])('appends to %s, behind its last whole row', async (name) => {
    const directory = scratch();
    const [file, journal, go] = [name, 'journal', 'go'].map((each) => join(directory, each)) as [
      string,
      string,
      string,
    ];
    const args = ['--results', file, '--journal', journal];
    await runIn(directory, tasks(go), ...args, '--size', '1');
    const whole = readFileSync(file);
    writeFileSync(file, Buffer.concat([whole, Buffer.from(name === 'r.csv' ? '4,4,"torn\n' : '{"seq":4,"torn')]));
    writeFileSync(go, '');
    expect((await runIn(directory, tasks(go), ...args, '--resume')).code).toBe(0);
    const text = readFileSync(file, 'utf8');
    expect(text.slice(0, whole.length)).toBe(whole.toString());
    const added = text.slice(whole.length);
    const rows =
      name === 'r.csv' ? csvOf(added).map(([id]) => Number(id)) : recordsOf(Buffer.from(added)).map(({ seq }) => seq);
    expect(rows).toEqual([2]);
  });

  it('refuses a file of other columns, and leaves it alone', async () => {
    const directory = scratch();
    const [file, journal] = [join(directory, 'r.csv'), join(directory, 'journal')];
    writeFileSync(file, 'a,b\n1,2');
    const { code, stderr } = await run(['true'], '--results', file, '--journal', journal, '--resume');
    expect(code).toBe(2);
    expect(stderr).toContain('it has other columns');
    expect(readFileSync(file, 'utf8')).toBe('a,b\n1,2');
  });

  it('leaves no file behind when the journal is refused', async () => {
    const file = join(scratch(), 'r.csv');
    expect(await run(['true'], '--results', file, '--journal', '/dev/null/none')).not.toMatchObject({ code: 0 });
    expect(existsSync(file)).toBe(false);
  });
});
