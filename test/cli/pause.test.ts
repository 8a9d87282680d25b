import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { isRunning } from '../helpers/library.ts';
import { markedProcesses } from '../helpers/marked.ts';
import { waitFor } from '../helpers/procctl.ts';
import { RunningCommand } from '../helpers/running-command.ts';

/** One of its children has left the session, and its parent. All of them write to files, again and again. */
const FAMILY = `
tick() { while :; do echo x >>"$1"; sleep 0.02; done; }
setsid sh -c '(while :; do echo x >>far; sleep 0.02; done) & : >left' &
tick near &
tick main`;

const FILES = ['main', 'near', 'far'];

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const readStatus = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return ''; // gone in between
  }
};

/** The states of a home's supervised processes, and of what they have started, as the kernel has them. */
const statesIn = (home: TestHome): string[] =>
  markedProcesses(home.path).flatMap(({ pid }) => {
    const state = /^State:\t([^ZX])/m.exec(readStatus(pid))?.[1];
    return state === undefined ? [] : [state];
  });

const sizesIn = (home: TestHome): number[] => FILES.map((file) => statSync(join(home.work, file)).size);

const startFamily = async (home: TestHome, ...options: string[]): Promise<{ pid: number }> => {
  const started = await home.spawn('--name', 'family', ...options, '--shell', FAMILY);
  await waitFor(() => FILES.every((file) => existsSync(join(home.work, file))), 'all of the family are at work');
  return started;
};

/** All write on. */
const untilAllWrite = async (home: TestHome): Promise<void> => {
  const before = sizesIn(home);
  await waitFor(() => sizesIn(home).every((size, index) => size > (before[index] ?? 0)), 'all of the family write on');
};

const eventsOf = async (home: TestHome, name: string): Promise<string[]> =>
  linesOf(await home.ok(['events', '--json', '-n', 'all', name])).map((line) => JSON.parse(line).event);

describe.concurrent('procctl pause', () => {
  it('stops the whole family where it stands, and resume has it go on', async () => {
    const home = new TestHome();
    const { pid } = await startFamily(home);
    expect(await home.ok(['pause', 'family'])).toBe('family paused\n');
    expect(statesIn(home).length).toBeGreaterThanOrEqual(FILES.length);
    expect([...new Set(statesIn(home))]).toEqual(['T']);
    const sizes = sizesIn(home);
    expect(await home.view('family')).toMatchObject({ state: 'waiting', reason: 'paused', alive: true, pid });
    expect(await home.ok(['ps', 'family'])).toContain('waiting (paused)');
    expect(linesOf(await home.ok(['show', 'family']))[0]).toBe('family is up: paused until somebody resumes it');
    // Twice is as once.
    expect(await home.ok(['pause', 'family'])).toBe('family paused\n');
    expect(sizesIn(home)).toEqual(sizes);
    expect(await home.ok(['resume', 'family'])).toBe('family resumed\n');
    expect(statesIn(home)).not.toContain('T');
    await untilAllWrite(home);
    expect(await home.ok(['resume', 'family'])).toBe('family resumed\n');
    expect(await home.view('family')).toMatchObject({ alive: true, pid, restarts: 0 });
    expect(await eventsOf(home, 'family')).toEqual(['spawned', 'started', 'paused', 'resumed']);
  });

  it('is known to the next daemon, which sees no end in it', async () => {
    const home = new TestHome();
    const { pid } = await startFamily(home);
    await home.ok(['pause', 'family']);
    await home.killDaemon();
    const sizes = sizesIn(home);
    // Without a daemon the disk says it.
    expect(await home.view('family')).toMatchObject({ state: 'waiting', reason: 'paused', alive: true, pid });
    await home.ok(['daemon', 'start']);
    expect(await home.view('family')).toMatchObject({ state: 'waiting', reason: 'paused', alive: true, pid });
    expect([...new Set(statesIn(home))]).toEqual(['T']);
    expect(sizesIn(home)).toEqual(sizes);
    await home.ok(['resume', 'family']);
    await untilAllWrite(home);
    expect(await home.view('family')).toMatchObject({ alive: true, pid, restarts: 0 });
  });

  it('is completed by the next daemon when the first was killed in the middle of it', async () => {
    const home = new TestHome();
    const { pid } = await startFamily(home);
    await home.ok(['pause', 'family']);
    await home.killDaemon();
    for (const one of markedProcesses(home.path)) if (one.pid !== pid) process.kill(one.pid, 'SIGCONT');
    await waitFor(() => statesIn(home).filter((state) => state !== 'T').length > 0, 'a part of it runs');
    await home.ok(['daemon', 'start']);
    await waitFor(() => statesIn(home).every((state) => state === 'T'), 'all are stopped again');
  });

  it('is no obstacle to stop, restart and rm, which leave nothing', async () => {
    const home = new TestHome();
    const { pid } = await startFamily(home, '--stop-timeout', '90s');
    await home.ok(['pause', 'family']);
    const restarted = await home.ok(['restart', 'family']);
    expect(restarted).toMatch(/^family id=1 pid=\d+\n$/);
    await untilAllWrite(home);
    expect(await home.view('family')).toMatchObject({ alive: true, restarts: 0 });
    expect(isRunning(pid)).toBe(false);
    await home.ok(['pause', 'family']);
    expect(await home.run(['stop', 'family'])).toMatchObject({ code: 0, stdout: 'family stopped\n', stderr: '' });
    expect(markedProcesses(home.path)).toEqual([]);
    expect(await home.view('family')).toMatchObject({ state: 'exited', endedBy: 'stop', signal: 'SIGTERM' });
    await home.ok(['start', 'family']);
    await untilAllWrite(home);
    await home.ok(['pause', 'family']);
    expect(await home.run(['rm', 'family'])).toMatchObject({ code: 0, stderr: '' });
    expect(markedProcesses(home.path)).toEqual([]);
  });

  it('is ended by a signal, which what is stopped could not act on', async () => {
    const home = new TestHome();
    const line = "trap 'echo heard; exit 5' USR1; echo up; while :; do sleep 0.02; done";
    await home.spawn('--name', 'ears', '--restart', 'no', '--shell', line);
    await waitFor(async () => (await home.ok(['logs', 'ears'])).includes('up'), 'it has its trap');
    await home.ok(['pause', 'ears']);
    await home.ok(['signal', 'USR1', 'ears']);
    expect((await home.run(['wait', 'ears'])).code).toBe(5);
    expect(await home.ok(['logs', 'ears'])).toContain('heard');
  });

  it('is waited through, and what is killed meanwhile has ended as always', async () => {
    const home = new TestHome();
    const { pid } = await home.spawn('--name', 'nap', '--restart', 'no', 'sleep', '1000');
    await home.ok(['pause', 'nap']);
    const timedOut = await home.run(['wait', '--timeout', '50ms', 'nap']);
    expect([timedOut.code, timedOut.stderr]).toEqual([124, 'procctl: still going on: nap\n']);
    const waiting = new RunningCommand(home, ['wait', 'nap']);
    process.kill(pid, 'SIGKILL');
    expect(await waiting.ended).toMatchObject({ status: 137 });
    expect(await home.view('nap')).toMatchObject({ state: 'exited', signal: 'SIGKILL', endedBy: 'self' });
    // And is restarted, if that is its policy.
    const phoenix = await home.spawn('--name', 'phoenix', 'sleep', '1000');
    await home.ok(['pause', 'phoenix']);
    process.kill(phoenix.pid, 'SIGKILL');
    const again = await home.until('phoenix', (view) => view.alive && view.pid !== phoenix.pid, 'restarted');
    expect(again).toMatchObject({ restarts: 1, reason: expect.not.stringMatching('paused') });
  });

  it('holds the restart that is waited for, also across the death of the daemon', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'crashing', '--backoff', '1h..1h', 'false');
    await home.until('crashing', ({ reason }) => reason === 'backoff', 'waiting (backoff)');
    expect(await home.ok(['pause', 'crashing'])).toBe('crashing paused\n');
    const held = { state: 'waiting', reason: 'paused', alive: false, pid: null, dueInMs: null, restarts: 1 };
    expect(await home.view('crashing')).toMatchObject(held);
    await home.killDaemon();
    expect(await home.view('crashing')).toMatchObject(held);
    await home.ok(['daemon', 'start']);
    expect(await home.view('crashing')).toMatchObject(held);
    expect(linesOf(await home.ok(['show', 'crashing']))[0]).toMatch(/restart 2 is held until somebody resumes it/);
    await home.ok(['resume', 'crashing']);
    expect(await home.view('crashing')).toMatchObject({ ...held, reason: 'backoff', dueInMs: expect.any(Number) });
    await home.ok(['pause', 'crashing']);
    expect(await home.ok(['stop', 'crashing'])).toBe('crashing stopped\n');
    expect(await home.view('crashing')).toMatchObject({ state: 'exited', endedBy: 'stop' });
  });

  it('takes names, patterns and all, and refuses what has nothing to pause', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'web', '-i', '2', 'sleep', '1000');
    await home.spawn('--name', 'done', '--restart', 'no', 'true');
    await home.run(['wait', 'done']);
    expect(await home.ok(['pause', 'web-*'])).toBe('web-1 paused\nweb-2 paused\n');
    // What does not run is not meant by all.
    expect(await home.ok(['resume', 'all'])).toBe('web-1 resumed\nweb-2 resumed\n');
    for (const verb of ['pause', 'resume']) {
      expect(await home.run([verb, 'done', '1'])).toMatchObject({
        code: 1,
        stdout: `web-1 ${verb}d\n`,
        stderr: 'procctl: done is not running\n',
      });
      expect(await home.run([verb, 'nobody'])).toMatchObject({
        code: 1,
        stderr: 'procctl: no process named "nobody"\n',
      });
    }
    const [one] = JSON.parse(await home.ok(['pause', '--json', '1']));
    expect(one).toEqual({ id: 1, name: 'web-1', pid: expect.any(Number), killed: 0, problem: null });
    expect((await home.run(['pause'])).code).toBe(2);
  });

  it('catches everybody also of a family that forks all the time', async () => {
    const home = new TestHome();
    const line = 'fork() { while :; do (:) & (:) & (:); wait; done; }; fork & fork & fork & echo up; fork';
    await home.spawn('--name', 'forks', '--shell', line);
    await waitFor(async () => (await home.ok(['logs', 'forks'])).includes('up'), 'it has begun');
    for (let round = 0; round < 5; round += 1) {
      await home.ok(['pause', 'forks']);
      expect([...new Set(statesIn(home))]).toEqual(['T']);
      await home.ok(['resume', 'forks']);
      expect(statesIn(home).filter((state) => state !== 'T').length).toBeGreaterThan(0);
    }
    expect(await home.run(['stop', 'forks'])).toMatchObject({ code: 0 });
  });
});
