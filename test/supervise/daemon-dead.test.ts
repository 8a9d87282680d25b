import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { textIn } from '../helpers/logs.ts';
import { identify } from '../helpers/marked.ts';
import { fixture, waitFor } from '../helpers/procctl.ts';

const DEAD_MS = 3_000;
const KILLS = 8;
/** 200 lines a second, a line in a write of its own. */
const WRITER = ['--', 'sh', fixture('numbered-lines.sh'), '2', '0.008'];
const WRITERS = ['one', 'two', 'three'];

const logOf = (home: TestHome, id: number): string => textIn(join(home.path, 'processes', String(id), 'log'), 'stdout');

/** The numbers of the lines of a log, in its order; fails on a line that is torn. */
const numbersIn = (text: string): number[] => {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => {
    const number = /^line (\d+)$/.exec(line)?.[1];
    if (number === undefined) throw new Error(`a torn line: ${JSON.stringify(line)}`);
    return Number(number);
  });
};

/** Where the numbers are not 1, 2, 3 … */
const breaksIn = (numbers: readonly number[]): { readonly before: number; readonly after: number }[] =>
  numbers.flatMap((after, index) => {
    const before = numbers[index - 1] ?? 0;
    return after === before + 1 ? [] : [{ before, after }];
  });

interface Writer {
  readonly id: number;
  readonly name: string;
  readonly pid: number;
}

const startWriters = async (home: TestHome): Promise<Writer[]> => {
  const writers: Writer[] = [];
  for (const name of WRITERS) writers.push(await home.spawn('--name', name, ...WRITER));
  return writers;
};

/** Waits until each log has come as far as `lines` beyond where it is. */
const untilFurther = async (home: TestHome, ids: readonly number[], lines: number): Promise<void> => {
  const goals = ids.map((id) => numbersIn(logOf(home, id)).length + lines);
  await waitFor(
    () => ids.every((id, index) => numbersIn(logOf(home, id)).length >= (goals[index] as number)),
    `${lines} more lines in every log`,
  );
};

/** Numbers of epoll_wait(2) and its kin: x86-64, and the one number of newer machines. */
const WAITS = /^(?:232|281|22|441) /;

/**
 * Kills the daemon when it has nothing in its hands. A SIGKILL that comes between its read of a line and its write, some 20
 * microseconds, costs what was read: no test of how it goes on after it was dead should fail by that chance.
 */
const killIdleDaemon = async (home: TestHome): Promise<void> => {
  const { pid } = await home.daemon();
  if (pid === null) throw new Error('no daemon is running');
  await waitFor(async () => {
    process.kill(pid, 'SIGSTOP');
    await waitFor(() => /^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'latin1')), 'the daemon is stopped');
    const isIdle = WAITS.test(readFileSync(`/proc/${pid}/syscall`, 'latin1'));
    if (!isIdle) process.kill(pid, 'SIGCONT');
    return isIdle;
  }, 'the daemon has nothing to do');
  process.kill(pid, 'SIGKILL');
  await waitFor(() => identify(pid) === undefined, 'the daemon is gone');
};

const expectSamePids = async (home: TestHome, writers: readonly Writer[]): Promise<void> => {
  const views = await home.list();
  for (const { id, name, pid } of writers) {
    expect(views.find((view) => view.id === id)).toMatchObject({ name, pid, alive: true, restarts: 0 });
  }
};

it(`promise 1: ${DEAD_MS} ms without a daemon cost three writers neither their pids nor a line of their logs`, async () => {
  const home = new TestHome();
  const writers = await startWriters(home);
  const ids = writers.map(({ id }) => id);
  await untilFurther(home, ids, 50);
  await killIdleDaemon(home);
  const before = ids.map((id) => logOf(home, id).length);
  await sleep(DEAD_MS);
  expect(ids.map((id) => logOf(home, id).length)).toEqual(before); // nobody else has written them
  await home.ok(['daemon', 'start']);
  // They have gone on all the while: what they wrote meanwhile comes first, and at once.
  await untilFurther(home, ids, DEAD_MS / 20);
  await untilFurther(home, ids, 50);
  await expectSamePids(home, writers);
  for (const id of ids) expect(breaksIn(numbersIn(logOf(home, id)))).toEqual([]);
});

it(`promise 1: ${KILLS} kills at any moment cost three writers at most one read each, double nothing and tear nothing`, async () => {
  const home = new TestHome();
  const writers = await startWriters(home);
  const ids = writers.map(({ id }) => id);
  for (let kill = 0; kill < KILLS; kill += 1) {
    await untilFurther(home, ids, 20 + 7 * kill);
    await home.killDaemon();
    await home.ok(['daemon', 'start']);
  }
  await untilFurther(home, ids, 20);
  await expectSamePids(home, writers);
  const breaks = ids.flatMap((id) => breaksIn(numbersIn(logOf(home, id))));
  for (const { before, after } of breaks) expect(after).toBeGreaterThan(before);
  // The daemon reads one pipe at a time: a kill finds it with what it has read from one of them, if anything.
  expect(breaks.length).toBeLessThanOrEqual(KILLS);
});

it('promise 2: what ends while the daemon is dead is shown with its exit code or signal, and `always` is restarted once', async () => {
  const home = new TestHome();
  // Each ends when its file is there; until then it sleeps in small steps.
  const until = (file: string, then: string): string[] => [
    '--',
    'sh',
    '-c',
    `until [ -e ${file} ]; do sleep 0.05; done; ${then}`,
  ];
  const seven = await home.spawn('--name', 'seven', '--restart', 'no', ...until('end', 'exit 7'));
  const aborts = await home.spawn(
    '--name',
    'aborts',
    '--restart',
    'no',
    '--limit',
    'core=0',
    ...until('end', 'kill -ABRT $$'),
  );
  const looksAborted = await home.spawn('--name', 'code-134', '--restart', 'no', ...until('end', 'exit 134'));
  const keeper = await home.spawn(
    ...['--name', 'keeper', '--restart', 'always'],
    ...[
      '--',
      'sh',
      '-c',
      'echo run >>keeper-runs; until [ -e end ]; do sleep 0.05; done; [ -e ended-once ] || { : >ended-once; exit 0; }; exec sleep 100000',
    ],
  );
  const pids = [seven, aborts, looksAborted, keeper].map(({ pid }) => pid);
  await home.killDaemon();
  await home.ok(['ps']); // which starts no daemon
  expect((await home.daemon()).running).toBe(false);
  writeFileSync(join(home.work, 'end'), '');
  await waitFor(() => pids.every((pid) => identify(pid) === undefined), 'all four have ended');
  await sleep(DEAD_MS);
  await home.ok(['daemon', 'start']);
  await home.until('keeper', (view) => view.alive && view.restarts > 0, 'is up again');
  const ended = { alive: false, pid: null, state: 'exited', restarts: 0 };
  expect(await home.view('seven')).toMatchObject({ ...ended, reason: '7', exitCode: 7, signal: null });
  expect(await home.view('aborts')).toMatchObject({ ...ended, reason: 'SIGABRT', exitCode: null, signal: 'SIGABRT' });
  expect(await home.view('code-134')).toMatchObject({ ...ended, reason: '134', exitCode: 134, signal: null });
  expect(await home.ok(['ps', 'seven', 'aborts'])).toMatch(/exited \(7\).*\n.*exited \(SIGABRT\)/);
  const again = await home.view('keeper');
  expect(again).toMatchObject({ alive: true, restarts: 1 });
  // One more daemon has nothing more to restart.
  await home.killDaemon();
  await home.ok(['daemon', 'start']);
  expect(await home.view('keeper')).toMatchObject({ alive: true, restarts: 1, pid: again.pid });
  expect(readFileSync(join(home.work, 'keeper-runs'), 'utf8')).toBe('run\nrun\n');
});
