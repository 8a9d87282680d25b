// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  expectNothingLeft,
  recordsOf,
  runProcctl,
  runTasks,
  scratch,
  startProcctl,
  waitFor,
} from '../helpers/procctl.ts';

const directory = scratch();

const fileWith = (name: string, text: string): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};

describe.concurrent('a tasks file', () => {
  it.each([
    ['list.json', '["echo a", ["echo", "b"], {"command": "echo c"}]'],
    ['document.json', '{"defaults": {"env": {"A": "c"}}, "tasks": ["echo a", ["echo", "b"], "echo $A"]}'],
    ['lines.ndjson', '"echo a"\n["echo", "b"]\n{"command": "echo c"}\n'],
    ['lines', '{"command": "echo a"}\n\n["echo", "b"]\n"echo c"'],
    ['windows.json', '\ufeff["echo a",\r\n["echo", "b"],\r\n"echo c"]\r\n'],
    ['windows.ndjson', '\ufeff"echo a"\r\n["echo", "b"]\r\n"echo c"\r\n'],
  ])('is read in the form of %s', async (name, text) => {
    const { stdout, code } = await runProcctl(['pool', '-k', fileWith(name, text)]);
    expect([stdout.toString(), code]).toEqual(['a\nb\nc\n', 0]);
  });

  it('is read from standard input for -', async () => {
    const { stdout } = await runProcctl(['pool', '-'], { input: '["echo a"]' });
    expect(stdout.toString()).toBe('a\n');
  });

  it('leaves standard input alone, and never gives it to a task', async () => {
    const { stdout } = await runProcctl(['pool', fileWith('cat.json', '["cat", ["cat"]]')], { input: 'typed' });
    expect(stdout.toString()).toBe('');
  });

  it.each(['', ' \n', '[]', '{"tasks": []}', '\ufeff'])('that holds no tasks is done at once: %j', async (text) => {
    const { code, stdout, stderr } = await runProcctl(['pool', '-'], { input: text });
    expect([code, stdout.toString(), stderr]).toEqual([0, '', 'procctl: no tasks\n']);
  });

  it('may give every task a directory, environment, input, limit and name of its own', async () => {
    mkdirSync(join(directory, 'sub'));
    const tasks = {
      defaults: { env: { A: '1', B: '1' }, cwd: 'sub', stdin: 'in', timeout: '20s', retries: 1 },
      tasks: [
        { id: 'x', name: 'a name', command: 'echo $A$B; basename "$PWD"; cat' },
        {
          command: 'echo ${A-none}$B; basename "$PWD"; cat; exit $((2 - PROCCTL_ATTEMPT))',
          env: { A: null, B: '2' },
          cwd: '/',
          stdin: '',
        },
      ],
    };
    const { stdout } = await runProcctl(['pool', '--json', '-k', fileWith('full.json', JSON.stringify(tasks))], {
      cwd: directory,
    });
    expect(recordsOf(stdout)).toMatchObject([
      { id: 'x', name: 'a name', stdout: '11\nsub\nin', attempts: 1 },
      { id: '2', stdout: 'none2\n/\n', attempts: 2 },
    ]);
  });
});

describe.concurrent('tasks that stream', () => {
  it.each(['a pipe', 'a FIFO'])('are started before the next line has arrived: %s', async (way) => {
    const ran = join(scratch(), 'ran');
    const fifo = join(scratch(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    const isPipe = way === 'a pipe';
    const procctl = startProcctl(['pool', '--json', isPipe ? '-' : fifo], { isInputOpen: isPipe });
    const lines = isPipe ? procctl.stdin : createWriteStream(fifo);
    lines.write(`"echo ran > ${ran}"\n`);
    await waitFor(() => procctl.stdout.includes('\n'), 'the end of the first task');
    expect(existsSync(ran)).toBe(true);
    lines.write('"echo b"\n');
    await waitFor(() => recordsOf(procctl.stdout).length === 2, 'the end of the second task');
    lines.end('"echo c"');
    const ended = await procctl.ended;
    expect(recordsOf(ended.stdout).map(({ stdout }) => stdout)).toEqual(['', 'b\n', 'c\n']);
    expect(ended.code).toBe(0);
    expectNothingLeft(ended);
  });

  it('end with the first bad line: nothing new starts, what runs finishes', async () => {
    const go = join(scratch(), 'go');
    const procctl = startProcctl(['pool', '--size', '1', '-'], { isInputOpen: true });
    const first = `"until [ -e ${go} ]; do sleep 0.01; done; echo whole"`;
    procctl.stdin.write(`${first}\n"echo never"\n{"comand": "x"}\n"echo never"\n`);
    await waitFor(() => procctl.family().some(({ command }) => command.includes('sleep')), 'the first task');
    writeFileSync(go, '');
    const { code, stdout, stderr } = await procctl.ended;
    expect([code, stdout.toString()]).toEqual([2, 'whole\n']);
    const last = stderr.trim().split('\n').at(-1);
    expect(last).toBe('procctl: (standard input):3: comand: unknown key; did you mean "command"?');
    expect(stderr).toContain('1 succeeded, 1 cancelled');
    expectNothingLeft(await procctl.ended);
  });

  it('are read no further than they are needed', async () => {
    const file = join(scratch(), 'endless');
    execFileSync('mkfifo', [file]);
    const procctl = startProcctl(['pool', '--size', '1', '--halt', 'soon,fail=1', file]);
    const writer = createWriteStream(file);
    let written = 0;
    writer.on('error', () => {});
    const write = (): void => {
      while (!writer.destroyed && writer.write(`"exit ${written > 100 ? 1 : 0}"\n`)) written += 1;
    };
    writer.on('drain', write);
    write();
    expect((await procctl.ended).code).toBe(1);
    expect(written).toBeLessThan(60_000);
    expectNothingLeft(await procctl.ended);
    writer.destroy();
  });
});

describe.concurrent('input that is wrong', () => {
  const complaint = async (file: string, options: Parameters<typeof runProcctl>[1] = {}): Promise<string> => {
    const { code, stdout, stderr } = await runProcctl(['pool', file], { cwd: directory, ...options });
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toMatch(/^procctl: [^\n]+\n$/);
    return stderr.slice('procctl: '.length, -1);
  };

  it.each([
    [
      '["touch ran", {"command": "touch ran", "timeout": "soon"}]',
      /^bad\.json: \[1\]\.timeout: expected a duration such as "30s", got "soon"/,
    ],
    [
      '{"tasks": ["touch ran", {"comand": "x"}]}',
      /^bad\.json: tasks\[1\]\.comand: unknown key; did you mean "command"\?/,
    ],
    ['["touch ran", 5]', /^bad\.json: \[1\]: expected a command line/],
    ['["touch ran", {"command": ["a", 1]}]', /^bad\.json: \[1\]\.command\[1\]: expected a string, got 1/],
    [
      '[{"id": "a", "command": "touch ran"}, {"id": "a", "command": "true"}]',
      /^bad\.json: \[1\]\.id: "a" is already the id of \[0\]/,
    ],
    ['["touch ran", "tru', /^bad\.json:1:\d+: not JSON: unexpected end/],
    ['["touch ran"', /^bad\.json:1:\d+: not JSON: unexpected end/],
    ['["touch ran"] x', /^bad\.json:1:\d+: not JSON: unexpected text after the end/],
    ['{"tasks": ["touch ran"], "size": 3}', /^bad\.json: size: unknown key/],
  ])('is one line with the place, and nothing is run: %s', async (text, message) => {
    const cwd = scratch();
    writeFileSync(join(cwd, 'bad.json'), text);
    expect(await complaint('bad.json', { cwd })).toMatch(message);
    expect(readdirSync(cwd)).toEqual(['bad.json']);
  });

  it('names the line of NDJSON', async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, 'bad.ndjson'), 'nope\n"touch ran"\n');
    expect(await complaint('bad.ndjson', { cwd })).toMatch(/^bad\.ndjson:1: not JSON at column 1/);
    expect(readdirSync(cwd)).toEqual(['bad.ndjson']);
  });

  it('is a missing file, a directory, a file that may not be read', async () => {
    expect(await complaint('no/such.json')).toMatch(/^no\/such\.json: no such file/);
    expect(await complaint('/tmp')).toBe('/tmp: is a directory, not a tasks file');
    expect(await complaint('-', { before: 'exec </tmp' })).toMatch(/is a directory/);
    expect(await complaint('evil\u001b[2J\n.json')).not.toContain('\u001b');
  });

  const hasScript = spawnSync('script', ['--version']).status === 0;
  it.skipIf(!hasScript)('is a terminal that nobody would type tasks into', async () => {
    const program = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));
    const command = `exec '${process.execPath}' '${program}' pool - 2>said`;
    const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([status, stdout]).toEqual([2, '']);
    expect(readFileSync(join(directory, 'said'), 'utf8')).toBe(
      'procctl: standard input is a terminal: give a tasks file, or pipe tasks in: … | procctl pool -\n',
    );
  });

  it('does not make a task fail that has run before it', async () => {
    const { code, records } = await runTasks([], { input: '"echo a"\n"echo b"\nnope\n', args: ['--size', '1'] });
    expect(code).toBe(2);
    expect(records[0]).toMatchObject({ state: 'succeeded', stdout: 'a\n' });
  });
});
