import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MainProcess, ProcessRef } from '../../src/core/process/life.ts';
import { type Kin, KinIndex } from '../../src/runtime/family/kin.ts';
import { givenOutBetween, namedBetween, type PidNumbers, pidNumbers } from '../../src/runtime/family/pid-numbers.ts';
import type { ProcInfo } from '../../src/runtime/family/proc.ts';
import { ListLooker, type ProcSource } from '../../src/runtime/supervise/list-looker.ts';
import { findTree } from '../../src/runtime/supervise/tree.ts';

const INIT = 1;
/** So many pids that none is used twice. */
const MANY = 50_000;

interface Task {
  readonly pid: number;
  readonly startTicks: number;
  parent: number;
  session: number;
  isZombie: boolean;
  /** Takes in the orphans among its descendants. */
  isReaper: boolean;
}

/** As Linux gives out pids, sessions and parents, with few pids, so that they are soon used again. */
class Kernel implements ProcSource {
  readonly tasks = new Map<number, Task>();
  /** Of whom a thread is. */
  readonly threads = new Map<number, number>();
  readonly max: number;
  reads: number[] = [];
  #last = INIT;
  #forks = 1;
  #ticks = 0;

  constructor(max: number) {
    this.max = max;
    this.tasks.set(INIT, { pid: INIT, startTicks: 0, parent: 0, session: INIT, isZombie: false, isReaper: true });
  }

  alive(at: number): Task {
    const all = [...this.tasks.values()].filter(({ isZombie }) => !isZombie);
    return all[at % all.length] as Task;
  }

  fork(parent: Task): Task | undefined {
    const pid = this.#nextNumber();
    if (pid === undefined) return undefined;
    this.#last = pid;
    return this.restore(parent, pid);
  }

  addThread(task: Task): void {
    const pid = this.#nextNumber();
    if (pid === undefined) return;
    this.#last = pid;
    this.#forks += 1;
    this.threads.set(pid, task.pid);
  }

  #nextNumber(): number | undefined {
    if (this.tasks.size + this.threads.size >= this.max - 2) return undefined;
    let pid = this.#last;
    do pid = pid >= this.max ? 2 : pid + 1;
    while (this.isThere(pid));
    return pid;
  }

  /** A new process with a number that somebody has chosen. */
  restore(parent: Task, pid: number): Task {
    this.#forks += 1;
    this.#ticks += 1;
    const startTicks = this.#ticks;
    const task = { pid, startTicks, parent: parent.pid, session: parent.session, isZombie: false, isReaper: false };
    this.tasks.set(pid, task);
    return task;
  }

  exit(task: Task, isReaped: boolean): void {
    if (task.pid === INIT) return;
    task.isZombie = true;
    for (const [pid, of] of this.threads) if (of === task.pid) this.threads.delete(pid);
    let heir = this.tasks.get(task.parent);
    while (heir !== undefined && (heir.isZombie || !heir.isReaper)) heir = this.tasks.get(heir.parent);
    for (const other of this.tasks.values()) if (other.parent === task.pid) other.parent = heir?.pid ?? INIT;
    if (isReaped) this.tasks.delete(task.pid);
  }

  reap(): void {
    for (const task of this.tasks.values()) if (task.isZombie) this.tasks.delete(task.pid);
  }

  pids(): number[] {
    return [...this.tasks.keys()].sort((a, b) => a - b);
  }

  read(pid: number): ProcInfo | undefined {
    this.reads.push(pid);
    const task = this.tasks.get(pid);
    if (task === undefined || task.isZombie) return undefined;
    const { parent, session, startTicks } = task;
    // Changes at every look, so that an old one shows.
    const cpuTicks = this.#ticks;
    return { pid, parent, session, startTicks, state: 'S', command: 'x', cpuTicks, rssPages: 1 };
  }

  readAgain(pid: number): ProcInfo | undefined {
    return this.read(pid);
  }

  isThere(pid: number): boolean {
    return this.tasks.has(pid) || this.threads.has(pid);
  }

  numbers(): PidNumbers | undefined {
    return { last: this.#last, forks: this.#forks, max: this.max, inUse: this.tasks.size + this.threads.size + 1 };
  }

  tick(): void {
    this.#ticks += 1;
  }
}

/** Somebody whose family is looked for. */
interface Owner {
  readonly main: MainProcess;
  readonly seen: ProcessRef[];
}

const treeOf = ({ main, seen }: Owner, hasJustEnded: boolean, procs: Kin): ProcInfo[] =>
  findTree({ marked: [], main, hasJustEnded, seen, inCgroup: [], excluded: [INIT] }, procs);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('fork' as const), at: fc.nat(200), times: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('exit' as const), at: fc.nat(200), isReaped: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('storm' as const),
      at: fc.nat(200),
      times: fc.integer({ min: 5, max: 120 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reap' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('thread' as const), at: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restore' as const),
      at: fc.nat(200),
      pid: fc.integer({ min: 2, max: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('setsid' as const), at: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('takeIn' as const), at: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('own' as const), at: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('see' as const), at: fc.nat(200), owner: fc.nat(9) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('look' as const),
      some: fc.integer({ min: 1, max: 3 }),
      hasJustEnded: fc.boolean(),
    }),
  },
);

describe('looks for a list', () => {
  it('find whom a look at everybody finds, as they are now, whatever processes do in between', () => {
    fc.assert(
      fc.property(
        // Few numbers, which are soon used again; or so many that all who are new can be named.
        fc.oneof(fc.integer({ min: 12, max: 60 }), fc.constant(MANY)),
        fc.array(step, { minLength: 30, maxLength: 150, size: 'max' }),
        (max, steps) => {
          const kernel = new Kernel(max);
          const looker = new ListLooker(kernel);
          const owners: Owner[] = [];
          let atMs = 0;
          for (const next of steps) {
            kernel.tick();
            atMs += 100;
            switch (next.do) {
              case 'fork':
                for (let times = next.times; times > 0; times -= 1) kernel.fork(kernel.alive(next.at));
                break;
              case 'storm':
                for (let times = next.times; times > 0; times -= 1) {
                  const child = kernel.fork(kernel.alive(next.at));
                  if (child !== undefined) kernel.exit(child, true);
                }
                break;
              case 'exit':
                kernel.exit(kernel.alive(next.at), next.isReaped);
                break;
              case 'reap':
                kernel.reap();
                break;
              case 'thread':
                kernel.addThread(kernel.alive(next.at));
                break;
              case 'restore':
                // A number that nobody has had.
                if (max === MANY) kernel.restore(kernel.alive(next.at), MANY / 2 + Math.round(atMs / 100));
                break;
              case 'setsid': {
                const task = kernel.alive(next.at);
                task.session = task.pid;
                break;
              }
              case 'takeIn':
                kernel.alive(next.at).isReaper = true;
                break;
              case 'own': {
                const { pid, startTicks } = kernel.alive(next.at);
                if (pid === INIT) break;
                owners.push({ main: { pid, startTicks, startedMs: 0, startedAt: 0 } as MainProcess, seen: [] });
                break;
              }
              case 'see': {
                const { pid, startTicks } = kernel.alive(next.at);
                if (pid !== INIT) owners[next.owner]?.seen.push({ pid, startTicks });
                break;
              }
              case 'look': {
                const asked = owners.filter((_owner, index) => index % next.some === 0);
                const find = (procs: Kin) => {
                  const result = asked.map((owner) => treeOf(owner, next.hasJustEnded, procs));
                  return { result, members: result.flat() };
                };
                const mains = new Set(owners.map(({ main }) => main.pid));
                const byPid = (trees: ProcInfo[][]) => trees.map((tree) => tree.toSorted((a, b) => a.pid - b.pid));
                const everybody = kernel.pids().flatMap((pid) => kernel.read(pid) ?? []);
                expect(byPid(looker.look({ shims: new Set(), mains }, atMs, find))).toEqual(
                  byPid(find(new KinIndex(everybody)).result),
                );
              }
            }
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  const setUp = () => {
    const kernel = new Kernel(1_000);
    const init = kernel.alive(0);
    const main = kernel.fork(init) as Task;
    main.session = main.pid;
    const child = kernel.fork(main) as Task;
    const strangers = Array.from({ length: 20 }, () => kernel.fork(init) as Task);
    const owner: Owner = { main: { ...main, startedMs: 0, startedAt: 0 } as unknown as MainProcess, seen: [] };
    const looker = new ListLooker(kernel);
    let atMs = 0;
    const look = (afterMs = 100): number[] => {
      kernel.reads = [];
      atMs += afterMs;
      looker.look({ shims: new Set(), mains: new Set([main.pid]) }, atMs, (procs) => {
        const result = treeOf(owner, false, procs);
        return { result, members: result };
      });
      return kernel.reads;
    };
    return { kernel, init, main, child, strangers, look };
  };

  it('look at strangers once, and then at members and newcomers', () => {
    const { kernel, init, main, child, look } = setUp();
    expect(look()).toHaveLength(23);
    expect(look()).toEqual([main.pid, child.pid]);
    const stranger = kernel.fork(init) as Task;
    const grandchild = kernel.fork(child) as Task;
    expect(look()).toEqual([main.pid, child.pid, stranger.pid, grandchild.pid]);
    expect(look()).toEqual([main.pid, child.pid, grandchild.pid]);
  });

  it('look at everybody again after a while, and where pids are not given out in order, or it is not known', () => {
    const { kernel, init, look } = setUp();
    look();
    expect(look(100_000)).toHaveLength(23);
    // A checkpoint is restored: somebody has a number that was given out long ago.
    kernel.restore(init, 900);
    expect(look()).toHaveLength(24);
    expect(look()).toHaveLength(2);
    kernel.numbers = () => undefined;
    expect(look()).toHaveLength(24);
    expect(look()).toHaveLength(24);
  });
});

describe('the numbers of new processes', () => {
  it('are those since the last one, or from the beginning again', () => {
    const given = (from: number, to: number, forks: number) =>
      givenOutBetween(
        { last: from, forks: 5, max: 100, inUse: 10 },
        { last: to, forks: 5 + forks, max: 100, inUse: 90 },
      );
    const all = (isNew: ((pid: number) => boolean) | undefined) =>
      Array.from({ length: 100 }, (_, index) => index + 1).filter((pid) => isNew?.(pid));
    expect(all(given(40, 43, 3))).toEqual([41, 42, 43]);
    expect(all(given(40, 40, 0))).toEqual([]);
    expect(all(given(98, 3, 5))).toEqual([1, 2, 3, 99, 100]);
    expect(given(40, 85, 45)).toBeDefined();
    expect(given(40, 45, 46)).toBeUndefined();
    expect(given(40, 45, -1)).toBeUndefined();
  });

  it('are named where each of them is known', () => {
    const named = (from: number, to: number, forks: number, most = 50) =>
      namedBetween(
        { last: from, forks: 5, max: 100, inUse: 10 },
        { last: to, forks: 5 + forks, max: 100, inUse: 9 },
        most,
      );
    expect(named(40, 43, 3)).toEqual([41, 42, 43]);
    expect(named(40, 40, 0)).toEqual([]);
    // One number was in use, or a fork has failed.
    expect(named(40, 43, 2)).toEqual([41, 42, 43]);
    // Somebody has another number, or a fork of another namespace has counted.
    expect(named(40, 43, 4)).toBeUndefined();
    expect(named(98, 3, 5)).toBeUndefined();
    expect(named(40, 40, 100)).toBeUndefined();
    expect(named(40, 43, -1)).toBeUndefined();
    expect(named(40, 43, 3, 2)).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('are told by Linux', () => {
    const before = pidNumbers() as PidNumbers;
    expect(before.last).toBeLessThanOrEqual(before.max);
    expect(before.forks).toBeGreaterThan(0);
    expect(givenOutBetween(before, pidNumbers() as PidNumbers)?.(process.pid)).toBe(false);
  });
});
