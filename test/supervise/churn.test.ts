import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { shimsOf } from '../helpers/marked.ts';
import { waitFor } from '../helpers/procctl.ts';

/** Restarts after the first look; the look after them must be like it. */
const RESTARTS = Number(process.env.PROCCTL_CHURN_RESTARTS ?? 5_000);
const FIRST_LOOK = Math.min(500, RESTARTS / 2);
const SPAWNS = Number(process.env.PROCCTL_CHURN_SPAWNS ?? 200);
const MAX_GROWTH_BYTES = 15 * 2 ** 20;
/** A young daemon grows by some 20 MB with its first few hundred requests, and then no more, however many come. */
const MAX_YOUNG_GROWTH_BYTES = 32 * 2 ** 20;
/** The history of events is bounded, and is filled by this. */
const MAX_EVENT_BYTES = 6 * 2 ** 20;

interface Look {
  readonly descriptors: number;
  readonly residentBytes: number;
  /** The daemon's children, and the shims. */
  readonly processes: number;
  /** Of the home, the history of events aside. */
  readonly files: readonly string[];
  readonly fileBytes: number;
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => !file.startsWith('events/'))
    .sort();

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const lookAt = (home: TestHome, daemon: number): Look => {
  const files = filesBelow(home.path);
  const status = readFileSync(`/proc/${daemon}/status`, 'latin1');
  const children = readFileSync(`/proc/${daemon}/task/${daemon}/children`, 'latin1').split(' ').filter(Boolean);
  return {
    descriptors: readdirSync(`/proc/${daemon}/fd`).length,
    residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024,
    processes: children.length + shimsOf(home.path).length,
    // A lock and a generation have their number in their name.
    files: files.map((file) => file.replace(/\d+$/, 'N')),
    fileBytes: files.reduce((sum, file) => sum + sizeOf(join(home.path, file)), 0),
  };
};

/** What there is more of than before, in words; a moment is given for what is just under way. */
const untilNoMoreThan = async (
  before: Look,
  home: TestHome,
  daemon: number,
  maxGrowthBytes = MAX_GROWTH_BYTES,
): Promise<void> => {
  let more: object = {};
  try {
    await waitFor(
      () => {
        const now = lookAt(home, daemon);
        more = { before, now };
        return (
          now.descriptors <= before.descriptors &&
          now.processes <= before.processes &&
          now.residentBytes <= before.residentBytes + maxGrowthBytes &&
          now.files.length <= before.files.length &&
          now.fileBytes <= before.fileBytes + 64 * 1024
        );
      },
      'nothing has grown',
      // What was opened for lists is closed ten seconds after the last one.
      20_000,
    );
  } catch {
    throw new Error(`something has grown: ${JSON.stringify(more)}`);
  }
};

it(
  `promise 14, 15: ${RESTARTS} restarts leak neither memory nor descriptors, processes or files`,
  async () => {
    const home = new TestHome();
    const options = ['--restart', 'always', '--max-restarts', 'unlimited', '--backoff', '0'];
    await home.spawn('--name', 'churn', ...options, '--', 'true');
    const { pid: daemon } = await home.daemon();
    if (daemon === null) throw new Error('no daemon is running');
    const restartsReach = (count: number): Promise<unknown> =>
      waitFor(
        async () => {
          await sleep(250); // each look takes CPU time from what is to be seen
          return (await home.view('churn')).restarts >= count;
        },
        `${count} restarts`,
        20_000 + 100 * count,
      );
    await restartsReach(FIRST_LOOK);
    const before = lookAt(home, daemon);
    await restartsReach(RESTARTS);
    await untilNoMoreThan(before, home, daemon);
    expect(await home.daemon()).toMatchObject({ pid: daemon });
    const events = join(home.path, 'events');
    expect(readdirSync(events).reduce((sum, file) => sum + sizeOf(join(events, file)), 0)).toBeLessThan(
      MAX_EVENT_BYTES,
    );
    await home.ok(['stop', 'churn']);
    expect(await home.view('churn')).toMatchObject({ alive: false, state: 'exited', endedBy: 'stop' });
  },
  60_000 + RESTARTS * 100,
);

it(
  `promise 14: ${SPAWNS} processes that were spawned and removed leave nothing`,
  async () => {
    const home = new TestHome();
    await home.spawn('--name', 'stays', 'sleep', '100000');
    const cycle = async (name: string): Promise<void> => {
      await home.spawn('--name', name, '--', 'sh', '-c', 'echo hello; exec sleep 100000');
      await home.ok(['rm', name]);
    };
    for (let count = 0; count < 10; count += 1) await cycle('warm-up');
    const { pid: daemon } = await home.daemon();
    if (daemon === null) throw new Error('no daemon is running');
    const before = lookAt(home, daemon);
    for (let count = 0; count < SPAWNS / 4; count += 1) {
      await Promise.all([1, 2, 3, 4].map((shell) => cycle(`cycle-${shell}`)));
    }
    await untilNoMoreThan(before, home, daemon, MAX_YOUNG_GROWTH_BYTES);
    expect(await home.daemon()).toMatchObject({ pid: daemon, processes: 1, alive: 1 });
    expect(readdirSync(join(home.path, 'processes'))).toEqual(['1']);
    // What is alive: the daemon, its launcher, the shim and the process that stays.
    await waitFor(() => home.alive().length === 4, 'nothing else is alive', 5_000);
  },
  60_000 + SPAWNS * 2_000,
);
