import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft, fixture, runProcctl, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';

const MIB = 1024 * 1024;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const pool = (tasks: readonly unknown[], ...args: string[]) =>
  runProcctl(['pool', ...args, '-'], { input: JSON.stringify(tasks) });

/** Highest resident memory of procctl, in bytes; needs `memoryOption` in its environment. */
const readMemory = (file: string): number => Number(readFileSync(file, 'utf8')) * 1024;
const memoryEnv = (file: string) => ({
  NODE_OPTIONS: `--require ${fixture('report-memory.cjs')}`,
  REPORT_MEMORY: file,
});

const directory = scratch();
const binary = join(directory, 'binary');
const bytes = randomBytes(50 * MIB);

beforeAll(() => writeFileSync(binary, bytes));

describe.concurrent('what tasks write', () => {
  it("comes in one piece a task and stream, in the order of the tasks' ends", async () => {
    const tasks = [
      'echo a1; echo a2 >&2; sleep 0.4; echo a3; echo a4 >&2',
      'echo b1; echo b2 >&2; sleep 0.1; printf b3',
    ];
    const { stdout, stderr, code } = await pool(tasks, '--size', '2', '--quiet');
    expect([stdout.toString(), stderr, code]).toEqual(['b1\nb3a1\na3\n', 'b2\na2\na4\n', 0]);
  });

  it('comes in the order of the input with --keep-order', async () => {
    const tasks = Array.from(
      { length: 40 },
      (_, index) => `sleep 0.0${(7 * index) % 10}; echo ${index}; echo e${index} >&2`,
    );
    const { stdout, stderr } = await pool(tasks, '--size', '4', '--keep-order', '--quiet');
    expect(stdout.toString()).toBe(Array.from({ length: 40 }, (_, index) => `${index}\n`).join(''));
    expect(stderr).toBe(Array.from({ length: 40 }, (_, index) => `e${index}\n`).join(''));
  });

  it('comes in the order of the input when tasks fail, time out or cannot start', async () => {
    const tasks = [
      'sleep 0.2; echo a; exit 1',
      ['no-such-program'],
      { command: 'echo c; sleep 60', timeout: '300ms' },
      'echo d',
    ];
    const { stdout, code } = await pool(tasks, '--size', '4', '-k', '--quiet');
    expect([stdout.toString(), code]).toEqual(['a\nc\nd\n', 1]);
  });

  it('comes line by line with --output line, as soon as a line is whole', async () => {
    const go = join(directory, 'go');
    const tasks = [`echo one; printf two; until [ -e ${go} ]; do sleep 0.01; done; echo; printf three`];
    const procctl = startProcctl(['pool', '--output', 'line', '--quiet', '-'], { input: JSON.stringify(tasks) });
    await waitFor(() => procctl.stdout.length > 0, 'the first line');
    expect(procctl.stdout.toString()).toBe('one\n');
    writeFileSync(go, '');
    expect((await procctl.ended).stdout.toString()).toBe('one\ntwo\nthree');
    expectNothingLeft(await procctl.ended);
  });

  it('never tears a line in two with --output line', async () => {
    const line = (name: string): string => name.repeat(3_000);
    const task = (name: string): string[] => [
      'sh',
      '-c',
      `for i in $(seq 60); do printf %s "$1" "$1"; printf %s\\\\n "$1"; done`,
      'sh',
      line(name),
    ];
    const names = ['a', 'b', 'c', 'd'];
    const { stdout } = await pool(names.map(task), '--size', '4', '--output', 'line');
    const lines = stdout.toString().split('\n');
    expect(lines.pop()).toBe('');
    const whole = new Map(names.map((name) => [line(name).repeat(3), 0]));
    for (const each of lines) whole.set(each, (whole.get(each) ?? 0) + 1);
    expect([...whole.values()]).toEqual([60, 60, 60, 60]);
  });

  it('comes in the order of the input with --output line --keep-order, the first task at once', async () => {
    const go = join(directory, 'go-in-order');
    const tasks = [`echo a1; until [ -e ${go} ]; do sleep 0.01; done; echo a2`, 'echo b', 'sleep 0.05; echo c'];
    const args = ['pool', '--output', 'line', '-k', '--size', '3', '--progress', 'plain', '-'];
    const procctl = startProcctl(args, { input: JSON.stringify(tasks) });
    await waitFor(() => procctl.stdout.length > 0, 'the first line');
    await waitFor(() => procctl.stderr.includes('2/3 done'), 'the end of the other two');
    expect(procctl.stdout.toString()).toBe('a1\n');
    writeFileSync(go, '');
    expect((await procctl.ended).stdout.toString()).toBe('a1\na2\nb\nc\n');
    expectNothingLeft(await procctl.ended);
  });

  it.each(['group', 'line'])('has the name of its task in front of each line with --tag --output %s', async (mode) => {
    const tasks = [
      { name: 'first', command: 'echo a; echo; printf b' },
      { name: 'sec\u001bond', command: 'echo c >&2; exit 1' },
    ];
    const { stdout, stderr } = await pool(tasks, '--size', '1', '--tag', '--output', mode);
    expect(stdout.toString()).toBe('first\ta\nfirst\t\nfirst\tb');
    expect(stderr.split('\n')[0]).toMatch(/^sec\S+ond\tc$/);
    expect(stderr).not.toContain('\u001b');
  });

  it('is not shown with --output none', async () => {
    const { stdout, stderr, code } = await pool(['echo a; echo b >&2', `cat ${binary}`], '--output', 'none', '--quiet');
    expect([stdout.toString(), stderr, code]).toEqual(['', '', 0]);
  });

  it('is shown once when the task succeeds after a failed try', async () => {
    const tasks = [{ command: 'echo try $PROCCTL_ATTEMPT; exit $((2 - PROCCTL_ATTEMPT))', retries: 1 }];
    expect((await pool(tasks)).stdout.toString()).toBe('try 2\n');
    expect((await pool(tasks, '--output', 'line')).stdout.toString()).toBe('try 1\ntry 2\n');
  });

  it('is shown as far as it got when the task is ended', async () => {
    const tasks = [{ command: 'echo begun; printf more; sleep 60', timeout: '800ms' }];
    for (const mode of ['group', 'line']) {
      expect((await pool(tasks, '--output', mode)).stdout.toString()).toBe('begun\nmore');
    }
  });

  it('includes what background processes of a task wrote before its end, and nothing of what they write later', async () => {
    const [early, go, late] = ['early', 'go-on', 'late'].map((name) => join(directory, name));
    const until = (file: string | undefined): string => `until [ -e ${file} ]; do sleep 0.01; done`;
    const tasks = [
      `(echo early; : >${early}; ${until(go)}; echo late; : >${late}) & ${until(early)}; echo main`,
      `: >${go}; ${until(late)}; echo next`,
      'echo last',
    ];
    const { stdout } = await pool(tasks, '--size', '1', '-k');
    expect(stdout.toString()).toBe('early\nmain\nnext\nlast\n');
  });

  it('does not hold the slot when a background process holds it open', async () => {
    const tasks = ['sleep 60 & echo a', '(trap "" TERM; sleep 60) & echo b', 'setsid sleep 60 & echo c', 'echo d'];
    const { stdout, stderr, code } = await pool(tasks, '--size', '1', '-k', '--stop-timeout', '200ms');
    expect([stdout.toString(), code]).toEqual(['a\nb\nc\nd\n', 0]);
    expect(stderr).toMatch(/ended what tasks had left running: .*sleep/);
  });

  it('is whole for 300 tasks of 1 to 20 kB, on both streams', async () => {
    const of = (index: number): string =>
      `${index}:`.repeat(1 + Math.floor((1_000 * (1 + (index % 20))) / `${index}:`.length));
    const tasks = Array.from({ length: 300 }, (_, index) => ({ command: 'tee /dev/stderr', stdin: `${of(index)}\n` }));
    const { stdout, stderr, code } = await pool(tasks, '--size', '6', '--quiet');
    const wanted = tasks
      .map(({ stdin }) => stdin)
      .sort()
      .join('');
    for (const text of [stdout.toString(), stderr])
      expect(
        text
          .split(/(?<=\n)/)
          .sort()
          .join('') === wanted,
      ).toBe(true);
    expect(code).toBe(0);
  });
});

describe.concurrent('output of 50 MiB', () => {
  it.each([
    ['--output', 'group'],
    ['--output', 'line'],
    ['--output', 'line', '-k'],
    ['--output', 'group', '--runner', 'spawn'],
  ])('is the same byte by byte with %s %s %s %s', async (...args) => {
    const { stdout, code } = await pool([['cat', binary]], ...args.filter((arg) => arg !== undefined));
    expect([stdout.length, sha256(stdout), code]).toEqual([bytes.length, sha256(bytes), 0]);
  });

  it('on standard error is the same byte by byte', async () => {
    const script = `cat "$1" >&2`;
    const half = join(directory, 'text');
    writeFileSync(half, bytes.toString('base64').slice(0, 20 * MIB));
    const { stderr } = await pool([['sh', '-c', script, 'sh', half]], '--quiet');
    expect(sha256(Buffer.from(stderr))).toBe(sha256(readFileSync(half)));
  });

  it('is the same byte by byte with --json', async () => {
    const { stdout } = await pool([['cat', binary]], '--json');
    const record = JSON.parse(stdout.toString('latin1'));
    expect(record.encoding).toBe('base64');
    expect(sha256(Buffer.from(record.stdout, 'base64'))).toBe(sha256(bytes));
  });

  it.each(['group', 'line', 'json', 'none'])('takes hardly more memory than little output: %s', async (mode) => {
    const memoryOf = async (mib: number): Promise<number> => {
      const report = join(directory, `memory-${mode}-${mib}`);
      const args = mode === 'json' ? ['--json'] : ['--output', mode];
      const sources = Array.from({ length: 2 }, () => [
        'sh',
        '-c',
        `head -c ${(mib / 2) * MIB} /dev/zero | tr '\\0' '\\n'`,
      ]);
      const ended = await runProcctl(['pool', '--size', '2', ...args, '-'], {
        input: JSON.stringify(sources),
        stdoutFile: '/dev/null',
        env: memoryEnv(report),
      });
      expect(ended.code).toBe(0);
      return readMemory(report);
    };
    const [little, much] = [await memoryOf(4), await memoryOf(200)];
    expect(much).toBeLessThan(200 * MIB);
    expect(much - little).toBeLessThan(100 * MIB);
  });

  it.each(['group', 'line'])('without a line end takes no memory either: %s', async (mode) => {
    const report = join(directory, `memory-one-line-${mode}`);
    const { code } = await runProcctl(['pool', '--output', mode, '--tag', '-'], {
      input: JSON.stringify(['head -c 200M /dev/zero']),
      stdoutFile: '/dev/null',
      env: memoryEnv(report),
    });
    expect(code).toBe(0);
    expect(readMemory(report)).toBeLessThan(200 * MIB);
  });
});

describe.concurrent('a reader', () => {
  it.each([['--output', 'group'], ['--output', 'line'], ['--json']])(
    'that is slow loses nothing: %s %s',
    async (...args) => {
      const tasks = Array.from({ length: 60 }, (_, index) => ({
        command: `head -c 100000 /dev/zero | tr '\\0' ${'abcdefghij'[index % 10]}; echo`,
      }));
      const options = { input: JSON.stringify(tasks), isReaderAsleep: true };
      const report = ['--size', '4', '--quiet', ...args.filter((arg) => arg !== undefined)];
      const procctl = startProcctl(['pool', ...report, '-'], options);
      await waitFor(() => readdirSync(procctl.tmp).length > 0, 'the start');
      await new Promise((resolve) => setTimeout(resolve, 500)); // a reader at rest
      expect(procctl.isRunning).toBe(true);
      procctl.readOn();
      const { stdout, code } = await procctl.ended;
      expectNothingLeft(await procctl.ended);
      const lines = stdout
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => (line.startsWith('{') ? JSON.parse(line).stdout.trimEnd() : line));
      expect(lines.sort()).toEqual(tasks.map((_, index) => 'abcdefghij'[index % 10]?.repeat(100_000)).sort());
      expect(code).toBe(0);
    },
  );

  it.each([['--output', 'group'], ['--output', 'line'], ['--json']])(
    'such as head -c 1 ends the pool before 50 of 1000 tasks have started: %s %s',
    async (...args) => {
      const started = scratch();
      const tasks = Array.from({ length: 1000 }, (_, index) => {
        return `: >${started}/${index}; head -c 100000 /dev/zero | tr '\\0' x; echo`;
      });
      const fifo = join(scratch(), 'fifo');
      execFileSync('mkfifo', [fifo]);
      const reader = spawn('head', ['-c', '1', fifo], { stdio: 'ignore' });
      const options = ['--size', '4', ...args.filter((arg) => arg !== undefined)];
      const { code } = await runProcctl(['pool', ...options, '-'], { input: JSON.stringify(tasks), stdoutFile: fifo });
      expect(code).toBe(141);
      expect(reader.exitCode).toBe(0);
      expect(readdirSync(started).length).toBeLessThan(50);
    },
  );

  it('that goes away while procctl waits for it ends the pool, be it a pipe or a socket', async () => {
    const done = scratch();
    const tasks = Array.from({ length: 100 }, (_, index) => `head -c 100000 /dev/zero; : >${done}/${index}`);
    const procctl = startProcctl(['pool', '-'], { input: JSON.stringify(tasks), isReaderAsleep: true });
    await waitFor(() => readdirSync(done).length >= 8, 'more output than the reader has room for');
    await procctl.leave('after a look');
    const ended = await procctl.ended;
    expectNothingLeft(ended);
    expect(ended.code).toBe(141);
  });

  it('that goes away without a byte ends the pool as well', async () => {
    const tasks = Array.from({ length: 1000 }, () => 'echo a');
    const procctl = startProcctl(['pool', '-'], { input: JSON.stringify(tasks), isReaderAsleep: true });
    await procctl.leave();
    const ended = await procctl.ended;
    expectNothingLeft(ended);
    expect(ended.code).toBe(141);
  });

  it('that goes away does not matter when there is nothing to write', async () => {
    const procctl = startProcctl(['pool', '-'], { input: '["true", "echo only here >&2"]', isReaderAsleep: true });
    await procctl.leave();
    expect((await procctl.ended).code).toBe(0);
    expectNothingLeft(await procctl.ended);
  });
});

describe.concurrent('standard output that cannot be written', () => {
  it.each([['--output', 'group'], ['--output', 'line'], ['--json']])('is not success, with %s %s', async (...args) => {
    const options = { input: '["echo a"]', stdoutFile: '/dev/full' };
    const { code, stderr } = await runProcctl(['pool', ...args.filter((arg) => arg !== undefined), '-'], options);
    expect(code).toBe(125);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^procctl: cannot write the output: ENOSPC/);
  });

  // Node puts /dev/null in the place of a closed stream before any of our code runs.
  it('because it is closed is no different from /dev/null', async () => {
    const { code, stderr } = await runProcctl(['pool', '-'], { input: '["echo a", "echo b >&2"]', before: 'exec >&-' });
    expect(code).toBe(0);
    expect(stderr).toContain('b\n');
  });

  it('ends the pool instead of running the rest for nobody', async () => {
    const started = scratch();
    const tasks = Array.from({ length: 500 }, (_, index) => `: >${started}/${index}; echo a`);
    const ended = await runProcctl(['pool', '-'], { input: JSON.stringify(tasks), stdoutFile: '/dev/full' });
    expect(ended.code).not.toBe(0);
    expect(readdirSync(started).length).toBeLessThan(250);
  });

  it('and standard error that cannot, are not success either', async () => {
    const options = { input: '["echo a", "exit 1", "echo b"]', before: 'exec 2>/dev/full' };
    const { stdout, code } = await runProcctl(['pool', '--size', '1', '-'], options);
    expect(stdout.toString()).toMatch(/^a\n/);
    expect([1, 125]).toContain(code);
  });

  it('with all three streams closed, still runs the tasks', async () => {
    const file = join(directory, 'all-closed');
    const tasks = join(directory, 'all-closed.json');
    writeFileSync(tasks, JSON.stringify([`readlink /proc/self/fd/0 >${file}; echo x; echo y >&2`]));
    const { code } = await runProcctl(['pool', tasks], { before: 'exec <&- >&- 2>&-' });
    expect(readFileSync(file, 'utf8')).toBe('/dev/null\n');
    expect(code).toBe(0);
  });
});

describe.concurrent('TMPDIR', () => {
  it('holds nothing of it that others could read', async () => {
    const look = 'stat -c %a "$TMPDIR"/*; find "$TMPDIR"/* -type f -perm /077';
    const { stdout } = await pool(
      [{ command: look, stdin: 'secret' }, `cat ${binary} | head -c 1M`],
      '--size',
      '1',
      '-k',
    );
    expect(stdout.subarray(0, 4).toString()).toBe('700\n');
    expect(stdout.length).toBe(4 + MIB);
  });

  it('holds no pipe by which a task could take away how tasks ended', async () => {
    const look = 'while ls "$TMPDIR"/*/*.answers >&2; do sleep 0.01; done; echo gone';
    const { stdout, code } = await pool([look, 'echo next'], '--size', '1', '--quiet');
    expect(stdout.toString()).toBe('gone\nnext\n');
    expect(code).toBe(0);
  });

  it.each(['auto', 'spawn'])(
    'that a task empties is no reason to lose output and call it success: --runner %s',
    async (runner) => {
      for (const what of ['"$TMPDIR"/*', '"$TMPDIR"/*/*']) {
        const tasks = [`rm -rf ${what}; echo a`, 'echo b', ['echo', 'c'], { command: 'cat', stdin: 'd\n' }];
        const { stdout, code } = await pool(tasks, '--size', '1', '--quiet', '--runner', runner);
        if (code === 0) expect(stdout.toString()).toBe('a\nb\nc\nd\n');
        else expect(code).toBe(1);
      }
    },
  );

  it('that does not exist is one clear line, and nothing is run', async () => {
    const { code, stderr, stdout } = await runProcctl(['pool', '-'], {
      input: '["echo a"]',
      env: { TMPDIR: '/no/such/dir' },
    });
    expect([code, stdout.toString()]).toEqual([125, '']);
    expect(stderr).toMatch(/^procctl: cannot make a directory in \/no\/such\/dir: .*TMPDIR.*\n$/);
  });

  it('may have an odd name', async () => {
    const odd = join(scratch(), `it's $(odd)\n"é"`);
    const { code, stdout } = await runProcctl(['pool', '-k', '-'], {
      input: '["echo a >/dev/stdout", {"command": "cat", "stdin": "b"}]',
      before: `mkdir "$TMPDIR"`,
      env: { TMPDIR: odd },
    });
    expect([code, stdout.toString()]).toEqual([0, 'a\nb']);
    expect(readdirSync(odd)).toEqual([]);
  });
});
