import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcctl, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';

const TASKS = [
  { id: 'ok', command: 'true' },
  { id: 'bad', name: 'a <b> & "c"\u001b[31m\n\u202e', command: 'exit 3', retries: 1 },
  { id: 'shot', command: 'kill -TERM $$' },
  { id: 'slow', command: 'sleep 1000', timeout: 0.05 },
];

const makeJournal = async (): Promise<string> => {
  const directory = scratch();
  await runProcctl(['pool', '--size', '2', '--journal', 'j', '-'], { input: JSON.stringify(TASKS), cwd: directory });
  return directory;
};

const show = (directory: string, ...args: string[]) => runProcctl(['pool', '--show', 'j', ...args], { cwd: directory });

const cellsOf = (line: string): string[] => line.trim().split(/ {2,}/);

describe.concurrent('--show', () => {
  it('has a row for each run and each task, in plain columns when it is piped', async () => {
    const { code, stdout, stderr } = await show(await makeJournal());
    expect([code, stderr]).toEqual([0, '']);
    const [runs, tasks] = stdout.toString().split('\n\n') as [string, string];
    expect(runs.trimEnd().split('\n').map(cellsOf)).toEqual([
      ['RUN', 'STATE', 'STARTED', 'TOOK', 'SIZE', 'PID', 'TASKS', 'SUCCEEDED', 'FAILED', 'TIMED-OUT'].concat(
        ...['CANCELLED', 'SKIPPED', 'LEFT-OUT'],
      ),
      [
        '1',
        'ended',
        expect.any(String),
        expect.any(String),
        '2',
        expect.any(String),
        '4',
        '1',
        '2',
        '1',
        '0',
        '0',
        '0',
      ],
    ]);
    const [head, ...rows] = tasks.trimEnd().split('\n').map(cellsOf);
    expect(head).toEqual(['RUN', 'SEQ', 'ID', 'STATE', 'ATTEMPTS', 'END', 'DURATION', 'SLOT', 'NAME']);
    const shown = rows.map(([, , id, state, attempts, end, , , name]) => [id, state, attempts, end, name]);
    expect(shown.sort()).toEqual([
      ['bad', 'failed', '2', '3', 'a <b> & "c"\\u001b[31m\\n\\u202e'],
      ['ok', 'succeeded', '1', '0', 'true'],
      ['shot', 'failed', '1', 'SIGTERM', 'kill -TERM $$'],
      ['slow', 'timedOut', '1', 'SIGTERM', 'sleep 1000'],
    ]);
  });

  it('is one JSON document with --json, with a line for each task', async () => {
    const directory = await makeJournal();
    const text = (await show(directory, '--json')).stdout.toString();
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    const view = JSON.parse(text);
    expect(view).toMatchObject({ journal: join(directory, 'j'), damagedLines: 0, isTorn: false });
    expect(view.runs).toMatchObject([{ run: 1, state: 'ended', size: 2, haltedBy: null, counts: { submitted: 4 } }]);
    const bad = view.runs[0].tasks.find(({ id }: { readonly id: string }) => id === 'bad');
    expect(bad).toMatchObject({
      seq: 2,
      name: TASKS[1]?.name,
      state: 'failed',
      attempts: 2,
      exitCode: 3,
      signal: null,
    });
    expect(text.split('\n').filter((line) => line.startsWith('{"seq":'))).toHaveLength(4);
  });

  it('writes a timeline, in one step, that no name can break', async () => {
    const directory = await makeJournal();
    writeFileSync(join(directory, 'old.svg'), 'old');
    symlinkSync('old.svg', join(directory, 'out.svg'));
    expect((await show(directory, '--timeline', 'out.svg')).code).toBe(0);
    const svg = readFileSync(join(directory, 'old.svg'), 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[\s\S]*<\/svg>\n$/);
    expect(svg.match(/<title>bad \(a &lt;b&gt; &amp; &quot;c&quot;\\u001b\[31m\\n\\u202e\): failed/g)).toHaveLength(2);
    expect(svg).not.toMatch(/<script|href|[\x00-\x09\x0b-\x1f]/);
    expect(readdirSync(directory).sort()).toEqual(['j', 'old.svg', 'out.svg']);
  });

  it('tells of a run that goes on, and of one that was killed', async () => {
    const directory = scratch();
    const input = '["true", "sleep 1000"]';
    const procctl = startProcctl(['pool', '--size', '1', '--journal', 'j', '-'], { input, cwd: directory });
    try {
      const journal = join(directory, 'j');
      const hasRecord = (): boolean => existsSync(journal) && readFileSync(journal, 'utf8').includes('"attempt"');
      await waitFor(hasRecord, 'the first record');
      const running = await show(directory, '--json');
      expect(running.stderr).toBe(`procctl: run 1 is still running, pid ${procctl.pid}\n`);
      expect(JSON.parse(running.stdout.toString()).runs).toMatchObject([
        { state: 'running', endedAt: null, counts: { submitted: 1, succeeded: 1 }, tasks: [{ seq: 1 }] },
      ]);
      procctl.signal('SIGKILL');
      await procctl.ended;
      await waitFor(() => procctl.family().length === 0, 'the end of what it had started');
    } finally {
      await procctl.discard();
    }
    const { stdout, stderr } = await show(directory);
    expect(stderr).toBe('');
    expect(stdout.toString()).toMatch(/\n1 +lost /);
  });

  it('says that a line is cut short, and shows the rest', async () => {
    const directory = await makeJournal();
    appendFileSync(join(directory, 'j'), '{"type":"att');
    const { code, stdout, stderr } = await show(directory);
    expect([code, stdout.toString().split('\n').length]).toEqual([0, 9]);
    expect(stderr).toBe('procctl: journal j: the last line is cut short; what it said is not known\n');
    expect(JSON.parse((await show(directory, '--json')).stdout.toString()).isTorn).toBe(true);
  });

  it('shows an empty journal, and changes none', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'j'), '');
    const { code, stdout, stderr } = await show(directory, '--json');
    expect([code, stderr]).toEqual([0, 'procctl: journal j: no run yet\n']);
    expect(JSON.parse(stdout.toString()).runs).toEqual([]);
    expect(statSync(join(directory, 'j')).size).toBe(0);
  });

  it.each([
    [['--show', 'none'], /journal none: no such file or directory/],
    [['--show', '.'], /journal \.: is a directory/],
    [['--show', 'text'], /journal text: is not a journal of procctl/],
    [['--show', ''], /--show needs the name of a journal/],
    [['--show', 'j', '--size', '4'], /--size does not go with --show/],
    [['--show', 'j', '--quiet'], /--quiet does not go with --show/],
    [['--show', 'j', '--journal', 'j'], /--journal does not go with --show/],
    [['--show', 'j', 'tasks.json'], /--show runs no tasks/],
    [['--show', 'j', '--timeline', 'none/x.svg'], /cannot write none\/x.svg: no such directory/],
    [['--show', 'j', '--timeline', 'd'], /cannot write d: it is not a regular file/],
    [['--show', 'j', '--timeline', '/dev/null'], /it is not a regular file/],
    [['--show', 'j', '--timeline', 'j'], /cannot write j: it is the journal itself/],
    [['--timeline', 'x.svg', '-'], /--timeline goes with --show/],
  ])('%j is wrong use: exit 2', async (args, message) => {
    const directory = scratch();
    writeFileSync(join(directory, 'j'), '');
    writeFileSync(join(directory, 'text'), 'text\n');
    mkdirSync(join(directory, 'd'));
    const { code, stdout, stderr } = await runProcctl(['pool', ...args], { cwd: directory, input: '[]' });
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(readdirSync(directory).sort()).toEqual(['d', 'j', 'text']);
  });
});
