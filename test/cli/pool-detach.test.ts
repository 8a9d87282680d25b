import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandResult, TestHome } from '../helpers/home.ts';
import { markedProcesses } from '../helpers/marked.ts';
import { waitFor } from '../helpers/procctl.ts';
import { RunningCommand } from '../helpers/running-command.ts';

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const writeTasks = (home: TestHome, name: string, tasks: unknown): string => {
  writeFileSync(join(home.work, name), JSON.stringify(tasks));
  return name;
};

/** Where the input of batches is kept, by the names of the files. */
const inputsIn = (home: TestHome): string[] => {
  const batches = join(home.path, 'batches');
  return existsSync(batches) ? readdirSync(batches) : [];
};

/** What the batch said at its end, without the time it took. */
const summaryOf = async (home: TestHome, name: string): Promise<string> =>
  (linesOf(await home.ok(['logs', name, '--stderr', '-n', 'all'])).at(-1) ?? '').replace(/ in [\d.]+m?s\b/, '');

/** A task that begins, and waits until the file `go` is there. */
const waits = (name: string): string => `: >begun-${name}; until [ -e go ]; do sleep 0.01; done; echo ${name}`;

const begun = (home: TestHome, name: string): Promise<boolean> =>
  waitFor(() => existsSync(join(home.work, `begun-${name}`)), `task ${name} has begun`);

const goOn = (home: TestHome): void => writeFileSync(join(home.work, 'go'), '');

/** What a pool leaves in its TMPDIR while it runs. */
const runDirectoriesIn = (home: TestHome): string[] =>
  readdirSync(join(home.path, '..')).filter((name) => name.startsWith('procctl-'));

describe.concurrent('procctl pool --detach', () => {
  it('hands the batch to the daemon: ps, logs and wait know it, and its exit code is that of the pool', async () => {
    const home = new TestHome();
    writeTasks(home, 'nightly.json', [waits('a'), 'echo b >&2', 'exit 3']);
    const { code, stdout } = await home.run(['pool', '--detach', '-s', '2', 'nightly.json']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^pool-nightly id=1 pid=\d+\n$/)]);
    await begun(home, 'a');
    const view = await home.view('pool-nightly');
    expect(view).toMatchObject({ alive: true, restart: 'no', cwd: home.work, pid: Number(/\d+$/m.exec(stdout)?.[0]) });
    expect(view.command).toBe('procctl pool -s 2 nightly.json');
    const waiting = new RunningCommand(home, ['wait', 'pool-nightly']);
    goOn(home);
    expect((await waiting.ended).status).toBe(1);
    expect(await home.view('pool-nightly')).toMatchObject({ state: 'exited', exitCode: 1, restarts: 0 });
    expect(await home.ok(['logs', 'pool-nightly', '--stdout'])).toBe('a\n');
    expect(linesOf(await home.ok(['logs', 'pool-nightly', '--stderr']))[0]).toBe('b');
    expect(await summaryOf(home, 'pool-nightly')).toBe('procctl: 3 tasks: 2 succeeded, 1 failed');
    expect(runDirectoriesIn(home)).toEqual([]);
  });

  it('works where the caller is, with its environment, and as a process of its own', async () => {
    const home = new TestHome();
    mkdirSync(join(home.work, 'sub'));
    writeTasks(home, 'sub/t.json', ['pwd; echo "$FLAVOUR $PROCCTL_NAME"', 'umask']);
    const env = { FLAVOUR: 'mint', PROCCTL_NAME: 'other', PROCCTL_MARK: '/other/' };
    const options = { env, cwd: join(home.work, 'sub') };
    await home.ok(['pool', '--detach', '-k', '--name', 'it', 't.json'], options);
    expect((await home.run(['wait', 'it'])).code).toBe(0);
    const umask = process.umask().toString(8).padStart(4, '0');
    expect(linesOf(await home.ok(['logs', 'it', '--stdout']))).toEqual([join(home.work, 'sub'), 'mint it', umask]);
  });

  it('is named after the tasks file, made unique, or as it is told', async () => {
    const home = new TestHome();
    writeTasks(home, 'my tasks.json', []);
    const names: string[] = [];
    const detach = async (...args: string[]): Promise<void> => {
      const { name } = JSON.parse(await home.ok(['pool', '--detach', '--json', ...args], { input: '[]' }));
      names.push(name);
    };
    await detach('my tasks.json');
    await detach('my tasks.json');
    await detach('-');
    await detach('--name', 'mine', '-');
    expect(names).toEqual(['pool-my-tasks', 'pool-my-tasks-2', 'pool', 'mine']);
    const taken = await home.run(['pool', '--detach', '--name=mine', '-'], { input: '[]' });
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining('there is a process named mine already')]);
    expect(inputsIn(home)).toHaveLength(4);
  });

  it('keeps standard input, and the tasks file, until the batch is removed', async () => {
    const home = new TestHome();
    writeTasks(home, 't.json', ['echo from a file']);
    await home.ok(['pool', '--detach', 't.json']);
    rmSync(join(home.work, 't.json'));
    const tasks = Array.from({ length: 600 }, (_, index) => `"echo ${index}"\n`).join('');
    await home.ok(['pool', '--detach', '-k', '-s', '4', '-o', 'line', '-'], { input: tasks });
    expect((await home.run(['wait', 'all'])).code).toBe(0);
    expect(await home.ok(['logs', 'pool-t', '--stdout'])).toBe('from a file\n');
    const printed = linesOf(await home.ok(['logs', 'pool', '--stdout', '-n', 'all']));
    expect(printed).toEqual(Array.from({ length: 600 }, (_, index) => String(index)));
    for (const name of inputsIn(home)) expect(statSync(join(home.path, 'batches', name)).mode & 0o777).toBe(0o700);
    expect(inputsIn(home)).toHaveLength(2);
    // It can be run once more.
    await home.ok(['start', 'pool-t']);
    expect((await home.run(['wait', 'pool-t'])).code).toBe(0);
    expect(await home.ok(['logs', 'pool-t', '--stdout'])).toBe('from a file\nfrom a file\n');
    await home.ok(['rm', 'all']);
    expect(inputsIn(home)).toEqual([]);
  });

  it('reads what only the caller can read', async () => {
    const home = new TestHome();
    const before = 'exec 3<<END\n["echo piped"]\nEND';
    const detaching = new RunningCommand(home, ['pool', '--detach', '--name', 'piped', '/dev/fd/3'], { before });
    expect((await detaching.ended).status).toBe(0);
    expect((await home.run(['wait', 'piped'])).code).toBe(0);
    expect(await home.ok(['logs', 'piped'])).toContain('piped');
  });

  it('takes templates with arguments from the command line, standard input, files and tables', async () => {
    const home = new TestHome();
    writeFileSync(join(home.work, 'names'), 'x\ny z\n');
    writeFileSync(join(home.work, 'table.csv'), 'name,age\nAda,36\n');
    const printed = async (name: string): Promise<string[]> => {
      expect([name, (await home.run(['wait', name])).code]).toEqual([name, 0]);
      return linesOf(await home.ok(['logs', name, '--stdout']));
    };
    const detach = async (args: string[], input = ''): Promise<string> =>
      (await home.ok(['pool', '--detach', '-k', ...args], { input })).split(' ')[0] as string;
    expect(await detach(['--', '/bin/echo', '{}', '--name', ':::', 'a', '$HOME'])).toBe('pool-echo');
    expect(await detach(['--shell', '--', 'printf "%s|" {}'], 'from\nstdin\n')).toBe('pool-printf');
    expect(await detach(['--name', 'product', '--', 'echo', '{1}-{2}', ':::', 'a', 'b', '::::', 'names'])).toBe(
      'product',
    );
    expect(await detach(['--name', 'dash', '--', 'echo', '{}', '::::', '-'], 'one\n')).toBe('dash');
    expect(await detach(['--name', 'csv', '--csv', '--', 'echo', '{name}', '::::', 'table.csv'])).toBe('csv');
    expect(await detach(['--name', 'blocks', '--pipe', '--', 'wc', '-l'], '1\n2\n')).toBe('blocks');
    expect(await detach(['--name', 'lines', '--shell'], 'echo $((1 + 1))\n')).toBe('lines');
    rmSync(join(home.work, 'names'));
    rmSync(join(home.work, 'table.csv'));
    expect(await printed('pool-echo')).toEqual(['a --name', '$HOME --name']);
    expect((await home.view('pool-echo')).command).toBe("procctl pool -k -- /bin/echo '{}' --name ::: a '$HOME'");
    expect(await printed('pool-printf')).toEqual(['from|stdin|']);
    expect((await printed('product')).slice(-2)).toEqual(['b-x', 'b-y z']);
    expect(await printed('dash')).toEqual(['one']);
    expect(await printed('csv')).toEqual(['Ada']);
    expect(await printed('blocks')).toEqual(['2']);
    expect(await printed('lines')).toEqual(['2']);
  });

  it('refuses what is wrong as without it, before anything is started or kept', async () => {
    const home = new TestHome();
    writeTasks(home, 'bad.json', ['echo 1', 3]);
    writeFileSync(join(home.work, 'bad.ndjson'), '"echo ran"\nnonsense\n');
    const both = async (args: string[], input = ''): Promise<void> => {
      const plain = await home.run(['pool', ...args], { input });
      const detached = await home.run(['pool', '--detach', ...args], { input });
      // The foreground runs what comes before a mistake.
      const last = ({ code, stderr }: CommandResult): unknown => [code, linesOf(stderr).at(-1)];
      expect(last(detached)).toEqual(last(plain));
      expect([detached.code, detached.stdout]).toEqual([2, '']);
    };
    await both(['nosuch.json']);
    await both(['bad.json']);
    await both(['bad.ndjson']);
    await both(['-'], '["echo", 1]');
    await both(['--size', '0', 'bad.json']);
    await both(['--json', '--tag', 'bad.json']);
    await both([]);
    await both(['--', 'echo', '{3}', ':::', 'a']);
    await both(['--', 'echo', '{}', '::::', 'nosuch']);
    writeFileSync(join(home.work, 'bad.csv'), 'a,b\n"1\n');
    await both(['--csv', '--', 'touch', 'ran', '::::', 'bad.csv']);
    await both(['--json-lines', '--', 'touch', 'ran'], 'nonsense\n');
    expect(existsSync(join(home.work, 'ran'))).toBe(false);
    const dry = await home.run(['pool', '--detach', '--dry-run', '-'], { input: '[]' });
    expect([dry.code, dry.stderr]).toEqual([2, expect.stringContaining('--dry-run runs nothing')]);
    const alone = await home.run(['pool', '--name', 'it', '-'], { input: '[]' });
    expect([alone.code, alone.stderr]).toEqual([2, 'procctl: --name names a batch in the background (add --detach)\n']);
    for (const mode of ['bar', 'plain']) {
      const { code, stderr } = await home.run(['pool', '--detach', '--progress', mode, '-'], { input: '[]' });
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^procctl: --progress \w+ has nobody to watch it/)]);
    }
    const name = await home.run(['pool', '--detach', '--name', 'a b', '-'], { input: '[]' });
    expect([name.code, name.stderr]).toEqual([2, expect.stringContaining('"a b" holds a blank')]);
    expect([inputsIn(home), (await home.daemon()).running]).toEqual([[], false]);
  });

  it('survives the daemon, and loses nothing of what the tasks write and of how it ends', async () => {
    const home = new TestHome();
    const tasks = Array.from({ length: 40 }, (_, index) => `seq ${index * 100 + 1} ${index * 100 + 100}`);
    writeTasks(home, 't.json', [waits('first'), ...tasks, 'exit 9']);
    await home.ok(['pool', '--detach', '-k', '-s', '2', 't.json']);
    await begun(home, 'first');
    await home.killDaemon();
    goOn(home);
    await home.ok(['daemon', 'start']);
    expect((await home.run(['wait', 'pool-t'])).code).toBe(1);
    const numbers = Array.from({ length: 4000 }, (_, index) => String(index + 1));
    expect(linesOf(await home.ok(['logs', 'pool-t', '--stdout', '-n', 'all']))).toEqual(['first', ...numbers]);
    expect(await summaryOf(home, 'pool-t')).toBe('procctl: 42 tasks: 41 succeeded, 1 failed');
  });

  it('ends by stop as by TERM: each task is asked once, has its time, and nothing is left', async () => {
    const home = new TestHome();
    const slow = `trap 'echo TERM; sleep 0.3; echo done; exit 0' TERM; : >begun-slow; while :; do sleep 0.01; done`;
    const deaf = `trap 'echo heard' TERM; setsid sh -c 'trap "" TERM; : >begun-deaf; while :; do sleep 0.01; done'`;
    writeTasks(home, 't.json', [slow, deaf, 'echo never']);
    await home.ok(['pool', '--detach', '-s', '2', '--stop-timeout', '700ms', 't.json']);
    await Promise.all([begun(home, 'slow'), begun(home, 'deaf')]);
    expect(await home.run(['stop', 'pool-t'])).toMatchObject({ code: 0, stdout: 'pool-t stopped\n', stderr: '' });
    expect(markedProcesses(home.path)).toEqual([]);
    expect(runDirectoriesIn(home)).toEqual([]);
    expect(await home.view('pool-t')).toMatchObject({ state: 'exited', exitCode: 143, endedBy: 'stop' });
    const printed = linesOf(await home.ok(['logs', 'pool-t', '--stdout']));
    expect(printed.filter((line) => line === 'TERM' || line === 'done')).toEqual(['TERM', 'done']);
    expect(printed).not.toContain('never');
    expect(await summaryOf(home, 'pool-t')).toMatch(/cancelled/);
  });

  it('is ended with all its tasks at once by stop --now, and by rm', async () => {
    const home = new TestHome();
    const deaf = (name: string): string => `trap '' TERM; : >begun-${name}; while :; do sleep 0.01; done`;
    writeTasks(home, 't.json', [deaf('a'), deaf('b')]);
    await home.ok(['pool', '--detach', '-s', '2', '--stop-timeout', '90s', 't.json']);
    await Promise.all([begun(home, 'a'), begun(home, 'b')]);
    expect((await home.run(['stop', '--now', 'pool-t'])).code).toBe(0);
    expect(markedProcesses(home.path)).toEqual([]);
    await waitFor(() => runDirectoriesIn(home).length === 0, 'its directory is removed');
    rmSync(join(home.work, 'begun-a'));
    await home.ok(['start', 'pool-t']);
    await begun(home, 'a');
    expect((await home.run(['rm', '--now', 'pool-t'])).code).toBe(0);
    expect([markedProcesses(home.path), inputsIn(home)]).toEqual([[], []]);
  });

  it('is paused and resumed with its tasks', async () => {
    const home = new TestHome();
    const ticks = 'while [ ! -e go ]; do echo x >>ticks; sleep 0.01; done; echo ticked';
    writeTasks(home, 't.json', [ticks, 'echo b']);
    await home.ok(['pool', '--detach', '-s', '1', 't.json']);
    const size = (): number => (existsSync(join(home.work, 'ticks')) ? statSync(join(home.work, 'ticks')).size : 0);
    await waitFor(() => size() > 0, 'it ticks');
    await home.ok(['pause', 'pool-t']);
    const before = size();
    goOn(home);
    expect(await home.view('pool-t')).toMatchObject({ state: 'waiting', reason: 'paused', alive: true });
    await home.killDaemon();
    await home.ok(['daemon', 'start']);
    expect(await home.view('pool-t')).toMatchObject({ state: 'waiting', reason: 'paused', alive: true });
    expect(size()).toBe(before);
    await home.ok(['resume', 'pool-t']);
    expect((await home.run(['wait', 'pool-t'])).code).toBe(0);
    expect(await home.ok(['logs', 'pool-t', '--stdout'])).toBe('ticked\nb\n');
  });

  it('goes on from its journal when it is started again', async () => {
    const home = new TestHome();
    const once = (name: string): string => `echo ${name}`;
    writeTasks(home, 't.json', [once('a'), `${waits('b')}`, once('c')]);
    await home.ok(['pool', '--detach', '-s', '1', '--journal', 'j.ndjson', 't.json']);
    await begun(home, 'b');
    await home.ok(['stop', '--now', 'pool-t']);
    goOn(home);
    await home.ok(['start', 'pool-t']);
    expect((await home.run(['wait', 'pool-t'])).code).toBe(0);
    expect(linesOf(await home.ok(['logs', 'pool-t', '--stdout']))).toEqual(['a', 'b', 'c']);
    // All is done: nothing runs any more, however often.
    await home.ok(['restart', 'pool-t']);
    expect((await home.run(['wait', 'pool-t'])).code).toBe(0);
    expect(linesOf(await home.ok(['logs', 'pool-t', '--stdout']))).toHaveLength(3);
  });

  it('leaves nothing when it is ended while it gathers its input, or its input is swept up later', async () => {
    const home = new TestHome();
    for (const [signal, status] of [
      ['SIGTERM', 143],
      ['SIGKILL', 137],
    ] as const) {
      const detaching = new RunningCommand(home, ['pool', '--detach', '-'], { isInputOpen: true });
      await waitFor(() => inputsIn(home).length === 1, 'it gathers');
      detaching.signal(signal);
      expect((await detaching.ended).status).toBe(status);
      expect(inputsIn(home)).toHaveLength(signal === 'SIGTERM' ? 0 : 1);
    }
    await home.ok(['daemon', 'start']);
    expect(inputsIn(home)).toEqual([]);
    expect(readFileSync(join(home.path, 'daemon.log'), 'utf8')).not.toContain('error');
  });
});
