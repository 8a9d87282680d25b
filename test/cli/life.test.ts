// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { fixture, waitFor } from '../helpers/procctl.ts';
import { RunningCommand } from '../helpers/running-command.ts';

/** What supervised programs of this home are alive, by their command lines. */
const programs = (home: TestHome): string[] =>
  home
    .alive()
    .map(({ command }) => command)
    .filter((command) => !/procctl-shim|daemon\.cjs|start\.sh/.test(command));

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const eventsOf = async (home: TestHome, name: string): Promise<Record<string, unknown>[]> =>
  linesOf(await home.ok(['events', '--json', '-n', 'all', name])).map((line) => JSON.parse(line));

const startNappers = async (home: TestHome): Promise<void> => {
  await home.spawn('--name', 'web', '-i', '2', 'sleep', '1000');
  await home.spawn('--name', 'db', 'sleep', '1000');
  await home.spawn('--name', 'web-admin', 'sleep', '1000');
};

const upNames = async (home: TestHome): Promise<string[]> =>
  (await home.list()).filter(({ alive }) => alive).map(({ name }) => name);

describe.concurrent('start, stop, restart and rm', () => {
  it('take names, several, groups, patterns, ids and all', async () => {
    const home = new TestHome();
    await startNappers(home);
    expect(await home.ok(['stop', 'db'])).toBe('db stopped\n');
    expect(await home.ok(['stop', 'web'])).toBe('web-1 stopped\nweb-2 stopped\n');
    expect(await upNames(home)).toEqual(['web-admin']);
    expect(linesOf(await home.ok(['start', '1', 'db']))).toEqual([
      expect.stringMatching(/^web-1 id=1 pid=\d+$/),
      expect.stringMatching(/^db id=3 pid=\d+$/),
    ]);
    expect(await home.ok(['stop', 'web-[12a]*', 'db', 'db', '3'])).toBe(
      'web-1 stopped\nweb-2 stopped\ndb stopped\nweb-admin stopped\n',
    );
    expect(await upNames(home)).toEqual([]);
    expect(linesOf(await home.ok(['restart', 'all']))).toHaveLength(4);
    expect(await upNames(home)).toEqual(['web-1', 'web-2', 'db', 'web-admin']);
    expect(await home.ok(['rm', 'web', '4'])).toBe('web-1 removed\nweb-2 removed\nweb-admin removed\n');
    expect(await home.ok(['ps', '-q'])).toBe('db\n');
    expect(programs(home)).toEqual(['sleep 1000']);
    expect(await home.ok(['rm', 'all'])).toBe('db removed\n');
    expect(await home.ok(['rm', 'all'])).toBe('');
    expect([await home.ok(['ps', '-q']), programs(home)]).toEqual(['', []]);
  });

  it('say what they did as JSON, and do nothing where nothing is to be done', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('sleep', '1000');
    const done = { id: 1, name: 'sleep', killed: 0, problem: null };
    expect(JSON.parse(await home.ok(['start', '--json', 'sleep']))).toEqual([{ ...done, pid }]);
    expect(JSON.parse(await home.ok(['stop', '--json', 'sleep']))).toEqual([{ ...done, pid: null }]);
    expect(JSON.parse(await home.ok(['stop', '--json', 'sleep']))).toEqual([{ ...done, pid: null }]);
    const [again] = JSON.parse(await home.ok(['restart', '--json', 'sleep'])) as [{ pid: number }];
    expect(again).toEqual({ ...done, pid: expect.any(Number) });
    expect(again.pid).not.toBe(pid);
    expect(await home.view('sleep')).toMatchObject({ pid: again.pid, restarts: 0, wanted: 'up' });
    expect(JSON.parse(await home.ok(['rm', '--json', 'sleep']))).toEqual([{ ...done, pid: null }]);
  });

  it('refuse a name that nobody has in one line, do nothing then, and start no daemon for it', async () => {
    const home = new TestHome();
    const verbs = [['start'], ['stop'], ['restart'], ['rm'], ['wait'], ['signal', 'TERM'], ['show'], ['logs'], ['ps']];
    for (const verb of verbs) {
      const { code, stdout, stderr } = await home.run([...verb, 'nobody']);
      const lines = linesOf(stderr).filter((line) => !line.includes('the daemon is not running'));
      expect([verb, code, stdout, lines]).toEqual([verb, 1, '', ['procctl: no process named "nobody"']]);
    }
    expect((await home.daemon()).running).toBe(false);
    expect(home.alive()).toEqual([]);

    await startNappers(home);
    for (const verb of verbs) {
      const { code, stdout, stderr } = await home.run([...verb, 'db', 'web-admni']);
      const line = 'procctl: no process named "web-admni"; did you mean "web-admin"?\n';
      expect([verb, code, stdout, stderr]).toEqual([verb, 1, '', line]);
    }
    expect((await home.run(['stop', 'x*'])).stderr).toBe('procctl: no process with a name like "x*"\n');
    expect((await home.run(['stop', '77'])).stderr).toBe('procctl: no process with the id 77\n');
    expect(await upNames(home)).toHaveLength(4);

    await home.ok(['daemon', 'stop']);
    const { code, stderr } = await home.run(['start', 'bd']);
    expect([code, stderr]).toEqual([1, 'procctl: no process named "bd"; did you mean "db"?\n']);
    expect((await home.daemon()).running).toBe(false);
  });

  it('leave one true state when they come all at once, again and again', async () => {
    const home = new TestHome();
    await home.spawn(
      '--name',
      'it',
      '--restart',
      'always',
      '--backoff',
      '0',
      '--max-restarts',
      'unlimited',
      'sleep',
      '1000',
    );
    for (let round = 0; round < 10; round += 1) {
      const verbs = round % 2 === 0 ? ['stop', 'restart', 'start', 'stop'] : ['restart', 'stop', 'restart', 'start'];
      const results = await Promise.all(verbs.map((verb) => home.run([verb, 'it'])));
      expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(verbs.map(() => [0, '']));
      const settled = await home.until(
        'it',
        ({ state, alive, wanted }) => (wanted === 'up' ? alive && state !== 'stopping' : state === 'exited'),
        'settled',
      );
      expect(programs(home)).toEqual(settled.wanted === 'up' ? ['sleep 1000'] : []);
    }
    const last = await Promise.all(['stop', 'restart', 'rm'].map((verb) => home.run([verb, 'it'])));
    // Whoever comes after `rm` finds nobody by that name; none of them may hang, or leave anything behind.
    expect(last[2]?.code).toBe(0);
    for (const { code } of last) expect([0, 1]).toContain(code);
    expect(await home.list()).toEqual([]);
    expect(programs(home)).toEqual([]);
  });

  it('removes a process although somebody has it started again meanwhile, and leaves nothing unlisted', async () => {
    const home = new TestHome();
    const line = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    await home.spawn('--name', 'deaf', '--stop-timeout', '2s', '--shell', line);
    await waitFor(async () => (await home.ok(['logs', 'deaf'])).includes('up'), 'it ignores TERM');
    const removing = home.run(['rm', 'deaf']);
    await home.until('deaf', ({ state }) => state === 'stopping', 'stopping');
    const restarting = home.run(['restart', 'deaf']);
    expect((await removing).code).toBe(0);
    expect([0, 1]).toContain((await restarting).code);
    expect(await home.list()).toEqual([]);
    expect(programs(home)).toEqual([]);
  });
});

describe.concurrent('the end of a family', () => {
  it('is complete when stop returns, although it ignores TERM and has a runaway, and it says that it had to kill', async () => {
    const home = new TestHome();
    const ready = join(home.work, 'ready');
    await home.spawn('--name', 'family', '--stop-timeout', '300ms', fixture('stubborn-family.sh'), ready);
    await waitFor(() => existsSync(ready), 'the family is complete');
    const { code, stdout, stderr } = await home.run(['stop', 'family']);
    expect([code, stdout]).toEqual([0, 'family stopped\n']);
    expect(stderr).toMatch(/^procctl: family: had to kill \d+ processes that did not end in time\n$/);
    expect(programs(home)).toEqual([]);
    expect(await home.view('family')).toMatchObject({ state: 'exited', signal: 'SIGKILL', endedBy: 'stop' });
    // What was said once is not said again.
    expect(await home.run(['stop', 'family'])).toMatchObject({ code: 0, stderr: '' });
    expect(await home.run(['rm', 'family'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('includes who cleaned its environment and left the session', async () => {
    const home = new TestHome();
    const line = `env -i "$(command -v setsid)" sh -c 'cd /; echo $$ >"$1"; while :; do sleep 997; done' sh "$PWD/runaway" & exec sleep 996`;
    await home.spawn('--name', 'cleaner', '--shell', line);
    const file = join(home.work, 'runaway');
    await waitFor(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'), 'the runaway has begun');
    const pid = Number(readFileSync(file, 'utf8'));
    // While its parent lives, it is known by descent, and remembered.
    const { tree } = (JSON.parse(await home.ok(['show', '--json', 'cleaner'])) as [{ tree: { pid: number }[] }])[0];
    expect(tree.map((one) => one.pid)).toContain(pid);
    expect(await home.ok(['stop', 'cleaner'])).toBe('cleaner stopped\n');
    expect(existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))).toBe(false);
  });

  it('says also at a restart that it had to kill', async () => {
    const home = new TestHome();
    const line = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    await home.spawn('--name', 'deaf', '--stop-timeout', '100ms', '--shell', line);
    await waitFor(async () => (await home.ok(['logs', 'deaf'])).includes('up'), 'it ignores TERM');
    const { code, stderr } = await home.run(['restart', 'deaf']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^procctl: deaf: had to kill \d+ process(es)? that/)]);
  });

  it('comes at once with --now, for stop and for rm', async () => {
    const home = new TestHome();
    const line = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    for (const verb of ['stop', 'rm']) {
      await home.spawn('--name', verb, '--stop-timeout', '90s', '--shell', line);
      await waitFor(async () => (await home.ok(['logs', verb])).includes('up'), 'it ignores TERM');
      expect((await home.run([verb, '--now', verb])).code).toBe(0);
    }
    expect(programs(home)).toEqual([]);
  });

  it('comes to a frozen process as well', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'frozen', '--stop-timeout', '90s', 'sleep', '1000');
    await home.ok(['signal', 'STOP', 'frozen']);
    await home.until('frozen', ({ reason }) => reason === 'stopped', 'waiting (stopped)');
    expect(await home.run(['stop', 'frozen'])).toMatchObject({ code: 0, stderr: '' });
    expect(await home.view('frozen')).toMatchObject({ state: 'exited', signal: 'SIGTERM' });
  });

  it('begins with the signal that was asked for', async () => {
    const home = new TestHome();
    const line = "trap 'exit 3' TERM; trap 'exit 4' USR2; echo up; while :; do sleep 0.05; done";
    await home.spawn('--name', 'usr2', '--stop-signal', 'USR2', '--shell', line);
    await waitFor(async () => (await home.ok(['logs', 'usr2'])).includes('up'), 'it has its traps');
    await home.ok(['stop', 'usr2']);
    expect(await home.view('usr2')).toMatchObject({ exitCode: 4, endedBy: 'stop', wanted: 'down' });
  });

  it('comes to what a main program leaves behind before it is started again', async () => {
    const home = new TestHome();
    const line =
      'echo "run with $(ls "$PWD"/left 2>/dev/null)"; [ -e left ] && exec sleep 1000; setsid sh -c \'echo $$ >left; exec sleep 995\' & until [ -s left ]; do sleep 0.01; done; exit 1';
    await home.spawn('--name', 'parent', '--backoff', '0', '--shell', line);
    await home.until('parent', ({ restarts, alive }) => restarts === 1 && alive, 'restarted once');
    await waitFor(() => programs(home).includes('sleep 1000'), 'the second run');
    expect(programs(home)).toEqual(['sleep 1000']);
    const events = (await eventsOf(home, 'parent')).map(({ event }) => event);
    expect(events).toEqual(['spawned', 'started', 'exited', 'left-behind', 'restarting', 'started']);
    const [left] = (await eventsOf(home, 'parent')).filter(({ event }) => event === 'left-behind');
    expect(left?.processes).toEqual([{ pid: Number(readFileSync(join(home.work, 'left'), 'utf8')), command: 'sleep' }]);
  });
});

describe.concurrent('the restart policy', () => {
  const ended = async (...args: string[]): Promise<{ runs: number; view: Awaited<ReturnType<TestHome['view']>> }> => {
    const home = new TestHome();
    const [options, line] = [args.slice(0, -1), args.at(-1) as string];
    const backoff = options.includes('--backoff') ? [] : ['--backoff', '1ms..2ms'];
    await home.spawn('--name', 'it', ...backoff, ...options, '--shell', `echo run; ${line}`);
    await home.run(['wait', 'it']);
    const runs = linesOf(await home.ok(['logs', 'it', '--stdout', '-n', 'all'])).length;
    const view = await home.view('it');
    expect(programs(home)).toEqual([]);
    return { runs, view };
  };

  it('leaves a process down after a success, or always with `no`', async () => {
    expect(await ended('exit 0')).toMatchObject({ runs: 1, view: { state: 'exited', exitCode: 0, endedBy: 'self' } });
    const no = await ended('--restart', 'no', 'exit 9');
    expect(no).toMatchObject({ runs: 1, view: { state: 'exited', exitCode: 9, restarts: 0, wanted: 'up' } });
  });

  it('takes --ok-exit-codes for successes', async () => {
    const { runs, view } = await ended('--ok-exit-codes', '3,143', 'exit 3');
    expect({ runs, view }).toMatchObject({ runs: 1, view: { state: 'exited', exitCode: 3 } });
  });

  it('restarts a failure, and gives up with the reason after --max-restarts within a time', async () => {
    const { runs, view } = await ended('--max-restarts', '3', '--within', '50s', 'exit 1');
    expect({ runs, view }).toMatchObject({
      runs: 4,
      view: { state: 'failed', reason: '3 restarts in 50s', exitCode: 1, restarts: 3, alive: false },
    });
    const signaled = await ended('--max-restarts', '1', 'kill -SEGV $$');
    expect(signaled).toMatchObject({
      runs: 2,
      view: { state: 'failed', reason: '1 restart in 60s', signal: 'SIGSEGV' },
    });
    const always = await ended('--restart', 'always', '--max-restarts', '2', 'exit 0');
    expect(always).toMatchObject({ runs: 3, view: { state: 'failed', exitCode: 0 } });
  });

  it('counts anew once a run has been stable', async () => {
    const home = new TestHome();
    const line =
      'n=$(cat n 2>/dev/null || echo 0); echo $((n + 1)) >n; [ $n -ge 4 ] && exec sleep 1000; sleep 0.1; exit 1';
    const options = ['--max-restarts', '1', '--stable-after', '50ms', '--backoff', '60d'];
    await home.spawn('--name', 'phoenix', ...options, '--shell', line);
    // Each run is stable: the next comes at once, and there are never too many.
    await waitFor(() => programs(home).includes('sleep 1000'), 'the fifth run');
    expect(await home.view('phoenix')).toMatchObject({ alive: true, restarts: 4 });
  });

  it('holds a process back, and stop, start and restart are obeyed at once meanwhile', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'crashing', '--backoff', '1h', 'false');
    const held = (): Promise<unknown> =>
      home.until('crashing', ({ state, reason }) => state === 'waiting' && reason === 'backoff', 'waiting (backoff)');
    await held();
    expect(await home.ok(['ps', 'crashing'])).toMatch(/waiting \(backoff (1h00m|59m\d\ds)\)/);
    expect(await home.view('crashing')).toMatchObject({ pid: null, alive: false, wanted: 'up' });
    const [headline] = linesOf(await home.ok(['show', 'crashing']));
    expect(headline).toMatch(/^crashing is down: it exited with code 1, restart 2 comes in (1h00m|59m)/);
    expect(await home.ok(['stop', 'crashing'])).toBe('crashing stopped\n');
    expect(await home.view('crashing')).toMatchObject({ state: 'exited', endedBy: 'stop', wanted: 'down' });
    await home.ok(['start', 'crashing']);
    await held();
    await home.ok(['restart', 'crashing']);
    await held();
    // And so is a daemon that takes over.
    await home.killDaemon();
    await home.ok(['daemon', 'start']);
    expect(await home.view('crashing')).toMatchObject({ state: 'waiting', reason: 'backoff', restarts: 1 });
    expect(await home.ok(['rm', 'crashing'])).toBe('crashing removed\n');
  });
});

describe.concurrent('procctl wait', () => {
  it('returns how the process ended: its code, or 128 + n', async () => {
    const home = new TestHome();
    for (const [name, line, code, said] of [
      ['zero', 'exit 0', 0, 'exited (0)'],
      ['seven', 'exit 7', 7, 'exited (7)'],
      ['abort', 'ulimit -c 0; kill -ABRT $$', 134, 'exited (SIGABRT)'],
      ['high', 'exit 200', 200, 'exited (200)'],
    ] as const) {
      await home.spawn('--name', name, '--restart', 'no', '--shell', line);
      expect(await home.run(['wait', name])).toMatchObject({ code, stdout: `${name} ${said}\n`, stderr: '' });
    }
    expect((await home.run(['wait', 'zero', 'high', 'seven'])).code).toBe(7);
    const json = JSON.parse((await home.run(['wait', '--json', 'abort', 'zero'])).stdout);
    expect(json).toEqual([
      { id: 1, name: 'zero', exitCode: 0, signal: null, reason: null },
      { id: 3, name: 'abort', exitCode: null, signal: 'SIGABRT', reason: null },
    ]);
  });

  it('waits for a process that runs, and gives up with 124 after --timeout', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'slow', '--restart', 'no', '--shell', 'until [ -e go ]; do sleep 0.01; done; exit 5');
    const timedOut = await home.run(['wait', '--timeout', '20ms', 'slow']);
    expect(timedOut).toMatchObject({ code: 124, stdout: '', stderr: 'procctl: still going on: slow\n' });
    const waiting = new RunningCommand(home, ['wait', 'slow']);
    // The daemon it waits at may die meanwhile.
    await home.killDaemon();
    await home.ok(['daemon', 'start']);
    await home.ok(['spawn', '--attach', 'touch', 'go']);
    expect(await waiting.ended).toMatchObject({ status: 5 });
  });
});

describe.concurrent('procctl signal', () => {
  it('signals the main program, by name or number and in either order, and with --tree everything', async () => {
    const home = new TestHome();
    const line =
      "trap 'echo outer usr1' USR1; sh -c 'trap \"echo inner usr1\" USR1; echo up; while :; do sleep 0.02; done' & while :; do wait; done";
    await home.spawn('--name', 'ears', '--shell', line);
    const said = async (count: number): Promise<string[]> =>
      waitFor(async () => {
        const lines = linesOf(await home.ok(['logs', 'ears', '--stdout', '-n', 'all']));
        return lines.length >= count ? lines : undefined;
      }, `${count} lines`);
    await said(1);
    expect(await home.ok(['signal', 'USR1', 'ears'])).toBe('ears signalled\n');
    expect(await said(2)).toEqual(['up', 'outer usr1']);
    await home.ok(['signal', 'ears', 'SIGUSR1']);
    expect(await said(3)).toEqual(['up', 'outer usr1', 'outer usr1']);
    await home.ok(['signal', '--tree', '10', '1']);
    expect((await said(5)).slice(3).sort()).toEqual(['inner usr1', 'outer usr1']);
  });

  it('is followed by a restart when it ends the process, and refuses what is not running', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('sleep', '1000');
    await home.ok(['signal', 'KILL', 'sleep']);
    const view = await home.until('sleep', (now) => now.alive && now.pid !== pid, 'restarted');
    expect(view).toMatchObject({ restarts: 1, signal: 'SIGKILL' });
    await home.ok(['stop', 'sleep']);
    expect(await home.run(['signal', 'TERM', 'sleep'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'procctl: sleep is not running\n',
    });
    const wrong = await home.run(['signal', 'TREM', 'sleep']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/^procctl: .*TREM.*\n$/)]);
  });
});
