import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcctl, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';

type Entry = Readonly<Record<string, unknown>>;

const entriesOf = (file: string): Entry[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);

/** A directory with a journal, and tasks that note in a file that they ran. */
class Site {
  readonly directory = scratch();
  readonly journal = join(this.directory, 'run.ndjson');

  /** Notes that it ran, then does `rest`. */
  readonly noted = (name: string, rest = 'true'): string => `echo ${name} >>'${this.directory}/ran'; ${rest}`;

  run(tasks: readonly unknown[], ...args: string[]) {
    return runProcctl(['pool', '--size', '2', '--journal', this.journal, ...args, '-'], {
      input: JSON.stringify(tasks),
      cwd: this.directory,
    });
  }

  /** What has noted that it ran since this was last asked. */
  ran(): string[] {
    const file = join(this.directory, 'ran');
    if (!existsSync(file)) return [];
    const names = readFileSync(file, 'utf8').split('\n').slice(0, -1).sort();
    writeFileSync(file, '');
    return names;
  }
}

describe.concurrent('promise 13: --journal', () => {
  it('records each run, each attempt and the end, private to its user', async () => {
    const site = new Site();
    const tasks = [{ id: 'one', name: 'first', command: 'exit 0' }, { command: 'exit 3', retries: 1 }, 'kill -TERM $$'];
    expect((await site.run(tasks, '--size', '1')).code).toBe(1);
    const [run, ...rest] = entriesOf(site.journal);
    expect(run).toMatchObject({ type: 'run', version: 1, run: 1, size: 1, pid: expect.any(Number) });
    expect(rest.pop()).toMatchObject({ type: 'end', run: 1, counts: { submitted: 3, succeeded: 1, failed: 2 } });
    expect([...rest].sort((a, b) => Number(a.seq) - Number(b.seq))).toMatchObject([
      { seq: 1, id: 'one', name: 'first', attempt: 1, final: true, state: 'succeeded', exitCode: 0, signal: null },
      { seq: 2, attempt: 1, final: false, state: 'failed', exitCode: 3 },
      { seq: 2, attempt: 2, final: true, state: 'failed', exitCode: 3 },
      { seq: 3, attempt: 1, final: true, state: 'failed', exitCode: null, signal: 'SIGTERM' },
    ]);
    for (const entry of rest) {
      expect(entry).toMatchObject({ type: 'attempt', run: 1, key: expect.stringMatching(/^[0-9a-f]{64}$/), slot: 1 });
      expect(Date.parse(entry.endedAt as string)).toBeGreaterThanOrEqual(Date.parse(entry.startedAt as string));
    }
    expect(statSync(site.journal).mode & 0o777).toBe(0o600);
    expect(readdirSync(site.directory)).toEqual(['run.ndjson']);
  });

  it('has a record before the next task starts', async () => {
    const site = new Site();
    const look = `grep -c '"type":"attempt"' '${site.journal}'`;
    const { stdout } = await site.run(['true', look, look, look], '--size', '1');
    expect(stdout.toString()).toBe('1\n2\n3\n');
  });

  it('appends a run of all tasks to what is there, unless it is told to go on', async () => {
    const site = new Site();
    await site.run([site.noted('a')]);
    await site.run([site.noted('a')]);
    expect(site.ran()).toEqual(['a', 'a']);
    expect(entriesOf(site.journal).map(({ type, run }) => `${type} ${run}`)).toEqual([
      ...['run 1', 'attempt 1', 'end 1'],
      ...['run 2', 'attempt 2', 'end 2'],
    ]);
  });

  it('leaves nothing behind when there is nothing to run', async () => {
    const site = new Site();
    expect((await site.run([])).code).toBe(0);
    expect((await site.run([{ cmd: 'x' }])).code).toBe(2);
    expect(readdirSync(site.directory)).toEqual([]);
  });
});

describe.concurrent('--resume', () => {
  it('is a plain run when there is no journal yet, and runs nothing once all is done', async () => {
    const site = new Site();
    const tasks = [site.noted('a'), site.noted('b')];
    expect((await site.run(tasks, '--resume')).code).toBe(0);
    expect(site.ran()).toEqual(['a', 'b']);
    const { code, stderr } = await site.run(tasks, '--resume');
    expect([code, site.ran()]).toEqual([0, []]);
    expect(stderr).toMatch(/^procctl: 2 of 2 tasks are done already\nprocctl: 2 tasks: 2 done already in \S+\n$/);
  });

  it('runs what failed, what was not reached, and what is new, in an edited and reordered list', async () => {
    const site = new Site();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => site.noted(name));
    const bad = site.noted('bad', 'exit 1');
    await site.run([a, bad, b, c], '--size', '1', '--halt', 'soon,fail=1');
    expect(site.ran()).toEqual(['a', 'bad']);
    const { stderr, code } = await site.run([d, c, { id: 'x', name: 'y', timeout: 9, command: a }, bad, b], '--resume');
    expect([code, site.ran()]).toEqual([1, ['b', 'bad', 'c', 'd']]);
    expect(stderr).toContain('procctl: 1 of 5 tasks is done already\n');
    expect(stderr).toMatch(/5 tasks: 1 done already, 3 succeeded, 1 failed/);
  });

  it('knows a task by command, directory, environment and input, and by nothing else', async () => {
    const site = new Site();
    mkdirSync(join(site.directory, 'sub'));
    const command = site.noted('a');
    await site.run([{ command, env: { B: '1', A: null }, stdin: 'in', cwd: '.' }]);
    const same = {
      command,
      env: { A: null, B: '1' },
      stdin: 'in',
      cwd: site.directory,
      id: 'i',
      name: 'n',
      retries: 3,
    };
    const others = [
      { ...same, id: '1', cwd: 'sub' },
      { ...same, id: '2', stdin: 'other' },
      { ...same, id: '3', env: { A: null, B: '2' } },
      { ...same, id: '4', env: { A: '', B: '1' } },
      { ...same, id: '5', command: `${command} ` },
      { ...same, id: '6', command: ['sh', '-c', command] },
    ];
    site.ran();
    const { stderr } = await site.run([...others, same], '--resume');
    expect(stderr).toContain('1 of 7 tasks is done already');
    expect(site.ran()).toHaveLength(6);
  });

  it('takes as many tasks of the same content for done as have succeeded', async () => {
    const site = new Site();
    const a = site.noted('a');
    await site.run([a, a]);
    expect((await site.run([a, a, a], '--resume')).stderr).toContain('2 of 3 tasks are done already');
    expect(site.ran()).toEqual(['a', 'a', 'a']);
    expect((await site.run([a, a, a], '--resume')).stderr).toContain('3 of 3 tasks are done already');
  });

  it('keeps the order of output, with gaps for what is done', async () => {
    const site = new Site();
    const tasks = Array.from({ length: 40 }, (_, index) => `sleep 0.0${index % 3}; echo ${index}`);
    await site.run(tasks.filter((_, index) => index % 3 === 0));
    for (const mode of ['group', 'line']) {
      const extra = tasks.map((task) => (task === tasks[7] ? `${task}; : ${mode}` : task));
      const journal = readFileSync(site.journal);
      const { stdout } = await site.run(extra, '--resume', '--keep-order', '--output', mode, '--size', '5');
      const expected = tasks.flatMap((_, index) => (index % 3 === 0 ? [] : [`${index}\n`]));
      expect(stdout.toString()).toBe(expected.join(''));
      writeFileSync(site.journal, journal);
    }
  });

  it('goes through NDJSON while it comes, however much of it is done', async () => {
    const site = new Site();
    await site.run([site.noted('a')]);
    const procctl = startProcctl(['pool', '--journal', site.journal, '--resume', '-k', '-'], {
      isInputOpen: true,
      cwd: site.directory,
    });
    try {
      procctl.stdin.write(`${JSON.stringify(site.noted('a'))}\n"echo first"\n`);
      await waitFor(() => procctl.stdout.toString() === 'first\n', 'the task that is not done');
      procctl.stdin.end();
      const { code, stderr } = await procctl.ended;
      expect([code, site.ran()]).toEqual([0, ['a']]);
      expect(stderr).toContain('1 of 2 tasks is done already');
    } finally {
      await procctl.discard();
    }
  });

  it('counts for percentages of --halt only what is run', async () => {
    const site = new Site();
    const done = Array.from({ length: 8 }, (_, index) => `: ${index}`);
    await site.run(done);
    const args = ['--resume', '--size', '1', '--halt', 'soon,fail=50%'];
    const { stderr } = await site.run([...done, 'exit 1', 'exit 2'], ...args);
    expect(stderr).toMatch(/10 tasks: 8 done already, 1 failed, 1 cancelled.*\(halted\)/);
  });
});

describe.concurrent('--retry-failed', () => {
  it('runs only what has failed and not been made good since', async () => {
    const site = new Site();
    const tasks = ['a', 'b', 'c'].map((name) => site.noted(name, `test -e '${site.directory}/${name}.ok'`));
    writeFileSync(join(site.directory, 'a.ok'), '');
    await site.run(tasks);
    site.ran();
    writeFileSync(join(site.directory, 'b.ok'), '');
    const { code, stderr } = await site.run([...tasks, site.noted('new')], '--retry-failed');
    expect([code, site.ran()]).toEqual([1, ['b', 'c']]);
    expect(stderr).toMatch(/2 of 4 tasks have failed before\n(.*\n)*.*4 tasks: 2 left out, 1 succeeded, 1 failed/);
    await site.run(tasks, '--retry-failed');
    expect(site.ran()).toEqual(['c']);
  });

  it('leaves a task failed that was cancelled when it was run again', async () => {
    const site = new Site();
    const task = site.noted('a', `test ! -e '${site.directory}/ok' || exec sleep 1000; exit 1`);
    await site.run([task]);
    writeFileSync(join(site.directory, 'ok'), '');
    const args = ['pool', '--journal', site.journal, '--retry-failed', '-'];
    const procctl = startProcctl(args, { input: JSON.stringify([task]), cwd: site.directory });
    try {
      await waitFor(() => procctl.family().some(({ command }) => command === 'sleep 1000'), 'the task');
      procctl.signal('SIGINT');
      expect((await procctl.ended).code).toBe(130);
    } finally {
      await procctl.discard();
    }
    expect(entriesOf(site.journal).filter(({ type }) => type === 'attempt')).toMatchObject([
      { state: 'failed' },
      { state: 'cancelled' },
    ]);
    writeFileSync(join(site.directory, 'ok'), '');
    site.ran();
    execFileSync('rm', [join(site.directory, 'ok')]);
    await site.run([task], '--retry-failed');
    expect(site.ran()).toEqual(['a']);
  });

  it('refuses a journal that is not there, for nothing would be run and all seem well', async () => {
    const site = new Site();
    const { code, stderr } = await site.run(['echo a'], '--retry-failed');
    expect([code, stderr]).toEqual([2, `procctl: journal ${site.journal}: no such file or directory\n`]);
    expect(readdirSync(site.directory)).toEqual([]);
  });
});

describe.concurrent('a journal that cannot be used', () => {
  const foreign: readonly (readonly [what: string, text: string])[] = [
    ['a text', 'my diary\n'],
    ['other NDJSON', '{"type":"event","id":1}\n'],
    ['one word', 'x'],
    ['an empty line', '\n'],
    ['binary', '\0\xff\0\n'],
    ['a run without what belongs to it', '{"type":"run"}\n'],
    ['attempts without a run', '{"type":"attempt","run":1}\n'],
  ];
  it.each(foreign)('is refused when it is %s, and left as it is: exit 2', async (_what, text) => {
    const site = new Site();
    writeFileSync(site.journal, text);
    const { code, stdout, stderr } = await site.run(['echo a']);
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toMatch(/^procctl: journal [^\n]*: is not a journal of procctl \(it is left as it is[^\n]*\n$/);
    expect(readFileSync(site.journal, 'utf8')).toBe(text);
    expect(readdirSync(site.directory)).toEqual(['run.ndjson']);
  });

  it('is refused when a later version wrote it', async () => {
    const site = new Site();
    writeFileSync(site.journal, '{"type":"run","version":2,"run":1}\n');
    expect(await site.run(['echo a'])).toMatchObject({ code: 2, stderr: expect.stringContaining('later version') });
  });

  it('is refused when it is a directory, a FIFO or a device, or in a directory that is not there', async () => {
    const site = new Site();
    mkdirSync(join(site.directory, 'd'));
    execFileSync('mkfifo', [join(site.directory, 'fifo')]);
    for (const [file, message] of [
      ['d', 'is a directory, not a journal'],
      ['fifo', 'is not a regular file'],
      ['/dev/null', 'is not a regular file'],
      ['none/j', 'no such file or directory'],
      ['fifo/j', 'a part of its path is not a directory'],
      ['', '--journal needs the name of a file'],
    ] as const) {
      const { code, stdout, stderr } = await runProcctl(['pool', '--journal', file, '-'], {
        input: '["echo a"]',
        cwd: site.directory,
      });
      expect([code, stdout.toString()]).toEqual([2, '']);
      expect(stderr).toContain(message);
    }
    expect(readdirSync(site.directory).sort()).toEqual(['d', 'fifo']);
  });

  it.each([
    [['--resume'], /--resume needs a journal/],
    [['--retry-failed'], /--retry-failed needs a journal/],
    [['--journal', 'j', '--resume', '--retry-failed'], /--resume runs what has failed as well/],
  ])('is wrong use with %j: exit 2', async (args, message) => {
    const { code, stderr } = await runProcctl(['pool', ...args, '-'], { input: '["echo a"]' });
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe.concurrent('two pools at one journal', () => {
  it('do not run at once: the second one names the first and is refused, by whatever name it knows the file', async () => {
    const site = new Site();
    const first = startProcctl(['pool', '--journal', site.journal, '-'], { input: '["sleep 1000"]' });
    try {
      await waitFor(() => first.family().some(({ command }) => command === 'sleep 1000'), 'the first');
      symlinkSync(site.journal, join(site.directory, 'symlink'));
      mkdirSync(join(site.directory, 'sub'));
      linkSync(site.journal, join(site.directory, 'sub', 'hardlink'));
      const before = readFileSync(site.journal);
      for (const name of ['run.ndjson', 'symlink', 'sub/hardlink']) {
        const { code, stdout, stderr } = await runProcctl(['pool', '--journal', name, '-'], {
          input: '["echo a"]',
          cwd: site.directory,
        });
        expect([code, stdout.toString()]).toEqual([2, '']);
        expect(stderr).toContain(`is in use by another procctl pool, pid ${first.pid} `);
      }
      expect(readFileSync(site.journal)).toEqual(before);
      first.signal('SIGKILL');
      await first.ended;
    } finally {
      await first.discard();
    }
    expect((await site.run(['echo a'], '--resume')).code).toBe(0);
    expect(readdirSync(site.directory).sort()).toEqual(['run.ndjson', 'sub', 'symlink']);
  });

  it('that start at the same moment end with one of them at most at work', async () => {
    const site = new Site();
    // Each holds a directory while it works: a second one would find it there.
    const task = `mkdir '${site.directory}/held' && sleep 0.2 && rmdir '${site.directory}/held' && echo ran`;
    const ended = await Promise.all(Array.from({ length: 6 }, () => site.run([task])));
    const codes = ended.map(({ code }) => code);
    expect(codes.filter((code) => code !== 0 && code !== 2)).toEqual([]);
    expect(codes).toContain(0);
    const attempts = entriesOf(site.journal).filter(({ type }) => type === 'attempt');
    expect(attempts).toHaveLength(codes.filter((code) => code === 0).length);
    expect(attempts.every(({ state }) => state === 'succeeded')).toBe(true);
  });
});

describe.concurrent('a journal that was cut short', () => {
  it('is gone on with on a line of its own, and what it says is believed', async () => {
    const site = new Site();
    const tasks = [site.noted('a'), site.noted('b')];
    await site.run(tasks, '--size', '1');
    site.ran();
    const lines = readFileSync(site.journal, 'utf8').split('\n');
    const torn = `${lines[0]}\n${lines[1]}\n${lines[2]?.slice(0, 100)}`;
    writeFileSync(site.journal, torn);
    const { code, stderr } = await site.run(tasks, '--resume');
    expect([code, site.ran()]).toEqual([0, ['b']]);
    expect(stderr).toContain('1 line was cut short');
    const text = readFileSync(site.journal, 'utf8');
    expect(text.startsWith(`${torn}\n{"type":"run","version":1,"run":2,`)).toBe(true);
  });

  it('needs its last newline only', async () => {
    const site = new Site();
    await site.run([site.noted('a')]);
    const lines = readFileSync(site.journal, 'utf8').split('\n');
    writeFileSync(site.journal, `${lines[0]}\n${lines[1]}`);
    const { stderr } = await site.run([site.noted('a'), 'true'], '--resume');
    expect(stderr).toContain('1 of 2 tasks is done already');
    expect(stderr).not.toContain('cut short');
    expect(entriesOf(site.journal)).toHaveLength(5);
  });

  it('may be cut in its very first record', async () => {
    const site = new Site();
    writeFileSync(site.journal, '{"type":"run","ver');
    expect((await site.run(['true'])).code).toBe(0);
    appendFileSync(site.journal, '{"ty');
    expect((await site.run(['true'], '--resume')).stderr).toContain('1 of 1 task is done already');
  });
});

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot).concurrent('a full disk', () => {
  const onSmallDisk = async (use: (disk: string) => Promise<void>): Promise<void> => {
    const disk = join(scratch(), 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'procctl-test', disk]);
    try {
      await use(disk);
    } finally {
      execFileSync('umount', [disk]);
    }
  };
  const fill = (disk: string): void => {
    execFileSync('sh', ['-c', `dd if=/dev/zero of='${disk}/ballast' bs=4096 2>/dev/null || :`]);
  };

  it('stops new starts, lets what runs finish, is told once, and is exit 125; there is a way on', async () => {
    await onSmallDisk(async (disk) => {
      const journal = join(disk, 'j');
      const ran = join(scratch(), 'ran');
      const tasks = Array.from({ length: 500 }, (_, index) => `echo ${index} >>'${ran}'`);
      tasks[20] = `test -e '${ran}.full' || { : >'${ran}.full'; dd if=/dev/zero of='${disk}/ballast' bs=4096 2>/dev/null; }; echo 20 >>'${ran}'`;
      const args = ['pool', '--size', '2', '--journal', journal];
      const { code, stderr } = await runProcctl([...args, '-'], { input: JSON.stringify(tasks), cwd: dirname(ran) });
      expect(code).toBe(125);
      expect(stderr.match(/cannot write the journal: ENOSPC/g)).toHaveLength(1);
      expect(stderr).toMatch(/500 tasks: .*cancelled.*\(halted\)/);
      const started = readFileSync(ran, 'utf8').split('\n').length - 1;
      expect(started).toBeLessThan(100);
      execFileSync('rm', [join(disk, 'ballast')]);
      expect(
        (
          await runProcctl([...args, '--resume', '-'], {
            input: JSON.stringify(tasks.slice(0, 100)),
            cwd: dirname(ran),
          })
        ).code,
      ).toBe(0);
      const runs = new Map<string, number>();
      for (const name of readFileSync(ran, 'utf8').split('\n').slice(0, -1)) runs.set(name, (runs.get(name) ?? 0) + 1);
      expect(runs.size).toBe(100);
      // What ended with nobody to write it down: as many as run at a time.
      expect([...runs.values()].filter((count) => count > 1).length).toBeLessThanOrEqual(2);
    });
  });

  it('runs nothing when not even the beginning can be recorded', async () => {
    await onSmallDisk(async (disk) => {
      const journal = join(disk, 'j');
      writeFileSync(journal, '');
      fill(disk);
      const { code, stdout, stderr } = await runProcctl(['pool', '--journal', journal, '-'], { input: '["echo a"]' });
      expect([code, stdout.toString()]).toEqual([125, '']);
      expect(stderr).toMatch(/cannot write the journal/);
    });
  });
});

describe.concurrent('SIGKILL', () => {
  it('costs no more than what was running: killed ten times over 300 tasks, all ran, recorded ones once', async () => {
    const site = new Site();
    const size = 4;
    const names = Array.from({ length: 300 }, (_, index) => `t${index}`);
    const tasks = JSON.stringify(names.map((name) => `echo x >>'${site.directory}/${name}'; sleep 0.01`));
    const args = ['pool', '--size', String(size), '--journal', site.journal, '--resume', '-'];
    let kills = 0;
    let code: number | null = null;
    const recorded = new Map<string, number>();
    const runsOf = (name: string): number => {
      const file = join(site.directory, name);
      return existsSync(file) ? readFileSync(file, 'utf8').length / 2 : 0;
    };
    while (code === null) {
      const procctl = startProcctl(args, { input: tasks, cwd: site.directory });
      try {
        if (kills < 10) {
          const least = readdirSync(site.directory).length + Math.floor(Math.random() * 25);
          const isFar = (): boolean => !procctl.isRunning || readdirSync(site.directory).length >= least;
          await waitFor(isFar, 'some more tasks');
          procctl.signal('SIGKILL');
        }
        ({ code } = await procctl.ended);
        await waitFor(() => procctl.family().length === 0, 'the end of what it had started');
        if (code === null) kills += 1;
      } finally {
        await procctl.discard();
      }
      // What is recorded now has run as often as it ever will.
      for (const [name, runs] of recorded) expect([name, runsOf(name)]).toEqual([name, runs]);
      for (const line of readFileSync(site.journal, 'utf8').split('\n')) {
        const name = /"name":"echo x >>'[^']*\/(t\d+)'.*"state":"succeeded"/.exec(line)?.[1];
        if (name !== undefined && line.endsWith('}')) recorded.set(name, runsOf(name));
      }
    }
    expect([code, kills]).toEqual([0, 10]);
    const runs = names.map(runsOf);
    expect(Math.min(...runs)).toBe(1);
    expect(runs.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(300 + size * kills);
    expect(recorded.size).toBe(300);
  });
});
