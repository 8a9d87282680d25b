// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { waitFor } from '../helpers/procctl.ts';

const daemonsOf = (home: TestHome): number[] =>
  home
    .alive()
    .filter(({ command }) => command.endsWith('daemon.cjs'))
    .map(({ pid }) => pid);

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Writes the numbers from 1 on, for ever. */
const COUNTER = 'n=0; while :; do n=$((n + 1)); echo "$n"; sleep 0.01; done';

/** Numbers logged so far; fails on a gap, a double, or another order. */
const counted = async (home: TestHome, name: string): Promise<number> => {
  const numbers = linesOf(await home.ok(['logs', name, '--stdout', '-n', 'all'])).map(Number);
  expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  return numbers.length;
};

const untilCounted = (home: TestHome, name: string, atLeast: number): Promise<unknown> =>
  waitFor(async () => (await counted(home, name)) >= atLeast, `${name} has counted to ${atLeast}`);

const untilGone = (pid: number): Promise<unknown> => waitFor(() => !existsSync(`/proc/${pid}`), `${pid} is gone`);

describe.concurrent('the daemon', () => {
  it('is one, however many commands start it at the same time', async () => {
    const home = new TestHome();
    const spawned = await Promise.all(
      Array.from({ length: 20 }, (_, at) => home.run(['spawn', '--json', '--name', `p${at}`, 'sleep', '1000'])),
    );
    expect(spawned.map(({ code }) => code)).toEqual(spawned.map(() => 0));
    const talk = spawned.flatMap(({ stderr }) => linesOf(stderr));
    const { pid, processes, alive } = await home.daemon();
    expect(talk).toEqual([`procctl: started the daemon (pid ${pid}, home ${home.path})`]);
    expect({ daemons: daemonsOf(home), processes, alive }).toEqual({ daemons: [pid], processes: 20, alive: 20 });
    const said = spawned.flatMap(({ stdout }) => JSON.parse(stdout) as { id: number; name: string; pid: number }[]);
    const listed = await home.list();
    expect(listed.map((one) => [one.id, one.name, one.pid])).toEqual(
      said.sort((a, b) => a.id - b.id).map((one) => [one.id, one.name, one.pid]),
    );
    expect(new Set(listed.map(({ id }) => id)).size).toBe(20);
    expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toHaveLength(20);
  });

  it('is not waited for by those who read when it is stopped: ps reads the disk, status says so with exit code 125', async () => {
    const home = new TestHome();
    await home.ok(['spawn', '--name', 'web', 'sleep', '1000']);
    const { pid } = await home.daemon();
    process.kill(pid as number, 'SIGSTOP');
    try {
      const [ps, status] = await Promise.all([home.run(['ps', '--json']), home.run(['daemon', 'status'])]);
      expect(ps.code).toBe(0);
      expect(JSON.parse(ps.stdout)).toMatchObject([{ name: 'web', alive: true }]);
      expect(ps.stderr).toMatch(/the daemon \(pid \d+\) has not answered for 10 seconds; this is what the disk/);
      expect([status.code, status.stderr]).toEqual([125, expect.stringContaining(`kill -CONT ${pid}`)]);
    } finally {
      process.kill(pid as number, 'SIGCONT');
    }
    expect((await home.list()).map(({ name }) => name)).toEqual(['web']);
  });

  it('says what it is in status, with exit code 0 when it runs and 1 when not', async () => {
    const home = new TestHome();
    const down = await home.run(['daemon', 'status', '--json']);
    expect([down.code, JSON.parse(down.stdout)]).toEqual([
      1,
      {
        ...{ running: false, pid: null, version: null, home: home.path, socket: join(home.path, 'daemon.sock') },
        ...{ startedAt: null, processes: 0, alive: 0, memoryBytes: null },
      },
    ]);
    expect(existsSync(home.path)).toBe(false);
    await home.spawn('sleep', '1000');
    await home.ok(['spawn', 'true']);
    await home.until('true', ({ state }) => state === 'exited', 'exited');
    const up = await home.run(['daemon', 'status', '--json']);
    expect([up.code, JSON.parse(up.stdout)]).toEqual([
      0,
      {
        ...{ running: true, pid: daemonsOf(home)[0], version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
        ...{ home: home.path, socket: join(home.path, 'daemon.sock'), startedAt: expect.stringMatching(/Z$/) },
        ...{ processes: 2, alive: 1, memoryBytes: expect.any(Number) },
      },
    ]);
    expect(statSync(home.path).mode & 0o777).toBe(0o700);
    expect(statSync(join(home.path, 'daemon.sock')).mode & 0o777).toBe(0o600);
    const again = await home.run(['daemon', 'start']);
    expect(again).toMatchObject({ code: 0, stderr: 'procctl: the daemon is running already\n' });
    expect(daemonsOf(home)).toHaveLength(1);
  });

  it('ends everything when it is stopped, and starts again with --restore what was up, not what was stopped', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'web', 'sleep', '1000');
    await home.spawn('--name', 'held', 'sleep', '1000');
    await home.spawn('--name', 'done', 'true');
    await home.spawn('--name', 'waiting', '--backoff', '1h', 'false');
    await home.until('waiting', ({ reason }) => reason === 'backoff', 'held back');
    await home.ok(['stop', 'held']);
    const stopped = await home.run(['daemon', 'stop']);
    expect(stopped).toMatchObject({ code: 0, stdout: '' });
    expect(stopped.stderr).toMatch(/^procctl: the daemon has ended, and with it:? web, waiting\n$/);
    expect(home.alive()).toEqual([]);

    const columns = ['ps', '--no-headers', '--columns', 'name,alive,wanted,state'];
    const offline = await home.run(columns);
    expect(offline.stderr).toMatch(/^procctl: the daemon is not running; .*\n$/);
    const cells = (text: string): string[][] => linesOf(text).map((line) => line.split(/ {2,}/));
    const ended = [
      ['web', 'no', 'up', 'exited (SIGTERM, shutdown)'],
      ['held', 'no', 'down', 'exited (SIGTERM)'],
      ['done', 'no', 'up', 'exited (0)'],
      ['waiting', 'no', 'up', 'exited (1, shutdown)'],
    ];
    expect(cells(offline.stdout)).toEqual(ended);
    await home.ok(['daemon', 'start']);
    expect(cells(await home.ok(columns))).toEqual(ended);
    const restored = await home.run(['daemon', 'start', '--restore']);
    expect(restored.code).toBe(0);
    expect(restored.stderr).toMatch(/started web \(pid \d+\)/);
    expect(restored.stderr).not.toMatch(/started (held|done)/);
    expect(await home.view('web')).toMatchObject({ alive: true });
    expect((await home.view('web')).pid).not.toBe(pid);
    expect(await home.view('held')).toMatchObject({ alive: false, state: 'exited', endedBy: 'stop' });
    expect(await home.view('done')).toMatchObject({ alive: false, state: 'exited', endedBy: 'self' });
  });

  it('starts by itself what was spawned with --boot, if that was up', async () => {
    const home = new TestHome();
    for (const name of ['up', 'down']) await home.spawn('--name', name, '--boot', 'sleep', '1000');
    await home.ok(['stop', 'down']);
    await home.ok(['daemon', 'stop']);
    await home.ok(['daemon', 'start']);
    await home.until('up', ({ alive }) => alive, 'alive again');
    expect(await home.view('down')).toMatchObject({ alive: false, endedBy: 'stop' });
  });

  it('is replaced without a trace in the processes: by stop --keep and start, by reload, by TERM', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'counter', '--shell', COUNTER);
    const { pid: other } = await home.spawn('--name', 'other', 'sleep', '1000');
    await untilCounted(home, 'counter', 10);
    const before = await home.daemon();

    const kept = await home.run(['daemon', 'stop', '--keep']);
    expect(kept).toMatchObject({ code: 0, stderr: 'procctl: the daemon has ended; 2 processes run on\n' });
    expect((await home.daemon()).running).toBe(false);
    expect((await home.list()).map((one) => [one.pid, one.alive])).toEqual([
      [pid, true],
      [other, true],
    ]);
    await home.ok(['daemon', 'start']);
    await untilCounted(home, 'counter', (await counted(home, 'counter')) + 10);

    const reloaded = await home.run(['daemon', 'reload', '--json']);
    expect(reloaded.code).toBe(0);
    expect(reloaded.stderr).toMatch(/2 processes ran on/);
    const after = JSON.parse(reloaded.stdout);
    expect(after).toMatchObject({ running: true, processes: 2, alive: 2 });
    expect(after.pid).not.toBe(before.pid);
    await untilCounted(home, 'counter', (await counted(home, 'counter')) + 10);

    process.kill(after.pid, 'SIGTERM');
    await untilGone(after.pid);
    expect(daemonsOf(home)).toEqual([]);
    await home.ok(['daemon', 'start']);
    await untilCounted(home, 'counter', (await counted(home, 'counter')) + 10);
    const views = await home.list();
    expect(views.map((one) => [one.pid, one.alive, one.restarts])).toEqual([
      [pid, true, 0],
      [other, true, 0],
    ]);
    await home.ok(['stop', 'counter']);
    await counted(home, 'counter');
  });

  it('is never started by a command that only reads', async () => {
    const home = new TestHome();
    const reading = [['ps'], ['ps', '--json'], ['logs'], ['events'], ['daemon', 'status']];
    for (const command of reading) await home.run(command);
    expect(existsSync(home.path)).toBe(false);
    await home.spawn('--name', 'web', '--shell', 'echo hello; exec sleep 1000');
    await waitFor(async () => (await home.ok(['logs', 'web'])) === 'hello\n', 'logged');
    await home.killDaemon();
    for (const command of [...reading, ['show', 'web'], ['logs', 'web'], ['ps', 'web', '--wide']]) {
      const { code, stdout, stderr } = await home.run(command);
      expect([command, code]).toEqual([command, command[0] === 'daemon' ? 1 : 0]);
      if (command[0] === 'ps' || command[0] === 'show') {
        expect([command, stderr]).toEqual([
          command,
          expect.stringMatching(/^procctl: the daemon is not running; .*\n$/),
        ]);
      }
      if (command[0] !== 'daemon') expect([command, stdout]).toEqual([command, expect.stringMatching(/web|hello/)]);
    }
    expect((await home.run(['daemon', 'stop', '--keep'])).stderr).toBe('procctl: the daemon is not running\n');
    expect(daemonsOf(home)).toEqual([]);
    expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toHaveLength(1);
  });

  it('ends what runs also when it was killed before it is stopped', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'web', 'sleep', '1000');
    await home.killDaemon();
    const { code, stderr } = await home.run(['daemon', 'stop']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/and with it:? web\n$/)]);
    expect(home.alive()).toEqual([]);
  });
});

describe.concurrent('a daemon that is killed', () => {
  it('takes nothing along: the next one goes on, and knows how processes have ended meanwhile', async () => {
    const home = new TestHome();
    const upon = (file: string, then: string): string =>
      `echo run; until [ -e ${file} ]; do sleep 0.01; done; rm ${file}; ${then}`;
    const { pid: napper } = await home.spawn('--name', 'napper', 'sleep', '1000');
    const { pid: counter } = await home.spawn('--name', 'counter', '--shell', COUNTER);
    const enders = [
      await home.spawn('--name', 'seven', '--restart', 'no', '--shell', upon('go7', 'exit 7')),
      await home.spawn('--name', 'abort', '--restart', 'no', '--shell', upon('goA', 'ulimit -c 0; kill -ABRT $$')),
      await home.spawn('--name', 'always', '--restart', 'always', '--shell', upon('goR', 'exit 0')),
    ];
    await untilCounted(home, 'counter', 10);
    await home.killDaemon();
    for (const file of ['go7', 'goA', 'goR']) writeFileSync(join(home.work, file), '');
    for (const { pid } of enders) await untilGone(pid);

    const offline = await home.run(['ps', '--json']);
    const views = JSON.parse(offline.stdout) as { name: string; pid: number | null; alive: boolean; state: string }[];
    expect(views.map(({ name, pid, alive }) => [name, pid, alive])).toEqual([
      ['napper', napper, true],
      ['counter', counter, true],
      ['seven', null, false],
      ['abort', null, false],
      ['always', null, false],
    ]);
    expect(daemonsOf(home)).toEqual([]);

    // Any command that does something brings the next one.
    const next = await home.run(['start', 'napper']);
    expect(next.stderr).toMatch(/^procctl: started the daemon \(pid \d+, /);
    expect(next.stdout).toBe(`napper id=1 pid=${napper}\n`);
    expect(await home.view('seven')).toMatchObject({ state: 'exited', reason: '7', exitCode: 7, endedBy: 'self' });
    expect(await home.view('abort')).toMatchObject({ state: 'exited', reason: 'SIGABRT', exitCode: null });
    expect((await home.run(['wait', 'abort'])).code).toBe(134);
    const always = await home.until('always', ({ alive }) => alive, 'restarted');
    expect(always).toMatchObject({ restarts: 1, exitCode: 0 });
    await waitFor(async () => (await home.ok(['logs', 'always'])) === 'run\nrun\n', 'it has run twice');
    await untilCounted(home, 'counter', (await counted(home, 'counter')) + 10);

    // Once more, with nothing to do: nothing is done.
    await home.killDaemon();
    await home.ok(['daemon', 'start']);
    expect((await home.list()).map(({ name, pid, restarts }) => [name, pid, restarts])).toEqual([
      ['napper', napper, 0],
      ['counter', counter, 0],
      ['seven', null, 0],
      ['abort', null, 0],
      ['always', always.pid, 1],
    ]);
    expect(await home.ok(['logs', 'always'])).toBe('run\nrun\n');
    await home.ok(['stop', 'counter']);
    await counted(home, 'counter');
  });

  it('leaves a stop under way to the next one, and a start that was acknowledged stands', async () => {
    const home = new TestHome();
    const line = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    await home.spawn('--name', 'deaf', '--stop-timeout', '1s', '--shell', line);
    await waitFor(async () => (await home.ok(['logs', 'deaf'])) === 'up\n', 'it ignores TERM');
    const stopping = home.run(['stop', 'deaf']);
    await home.until('deaf', ({ state }) => state === 'stopping', 'stopping');
    await home.killDaemon();
    // The command that waited asks the next daemon, which it starts.
    expect(await stopping).toMatchObject({ code: 0, stdout: 'deaf stopped\n' });
    expect(await home.view('deaf')).toMatchObject({ alive: false, state: 'exited', endedBy: 'stop', wanted: 'down' });
    for (let round = 0; round < 3; round += 1) {
      const { name, pid } = await home.spawn('sleep', '1000');
      await home.killDaemon();
      expect(await home.view(name)).toMatchObject({ pid, alive: true });
      await home.ok(['stop', name]);
      await home.killDaemon();
      expect(await home.view(name)).toMatchObject({ alive: false, endedBy: 'stop', wanted: 'down' });
    }
    expect(daemonsOf(home)).toEqual([]);
  });
});
