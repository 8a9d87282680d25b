import { joined, type Kin, KinIndex } from '../family/kin.ts';
import { givenOutBetween, namedBetween, type PidNumbers } from '../family/pid-numbers.ts';
import type { ProcInfo } from '../family/proc.ts';

/** `/proc`, or what a test has in its place. */
export interface ProcSource {
  pids(): readonly number[];
  /** undefined when there is no such process alive; also when it is the number of a thread. */
  read(pid: number): ProcInfo | undefined;
  /** As `read`, of somebody who will be asked for again and again. */
  readAgain(pid: number): ProcInfo | undefined;
  /** Whether there is somebody of that pid. */
  isThere(pid: number): boolean;
  /** undefined where it is not known. */
  numbers(): PidNumbers | undefined;
}

/** Pids of which something is known. */
export interface KnownPids {
  /** Belong to no family. */
  readonly shims: ReadonlySet<number>;
  /** Whoever has one of these now, whether it leads a family decides about others: it is always looked at. */
  readonly mains: ReadonlySet<number>;
}

/** What was looked for in processes, and who of them belongs to somebody. */
export interface Found<T> {
  readonly result: T;
  readonly members: readonly ProcInfo[];
}

interface EarlierLook {
  readonly numbers: PidNumbers;
  /** When everybody was looked at. */
  readonly atMs: number;
}

/** Who is new since the last look, and who is still there. */
interface Newcomers {
  readonly pids: readonly number[];
  readonly isNew: (pid: number) => boolean;
  readonly isThere: (pid: number) => boolean;
}

/** For whoever else may be given a number by somebody: that of one who has just ended. */
const VALID_MS = 60_000;

/**
 * Looks for the families of many processes again and again, without looking at strangers again. On most machines they are most
 * of what there is, and to look at one takes the kernel 10 µs.
 *
 * Who belonged to nobody can come to belong to somebody by what changes of a process without a new pid? Its session is of its own making, or
 * the one that it had. Its parent is the one that it had, as long as that one is alive; after that, whoever takes in orphans.
 * So of a stranger whose pid has not been given out anew, and whose parent is alive, an old look will do to see that it is one. Who is found
 * to be a member by an old look after all (somebody else is looked for, or more is known of its family) is looked at again, with all others.
 */
export class ListLooker {
  readonly #source: ProcSource;
  /** Who has ever belonged to somebody, and is alive. */
  readonly #members = new Set<number>();
  /** Who belonged to nobody when it was looked at. Some may have ended since. */
  #strangers = new KinIndex();
  /** Pids of nobody alive, when they were looked at. */
  readonly #dead = new Set<number>();
  #earlier: EarlierLook | undefined;

  constructor(source: ProcSource) {
    this.#source = source;
  }

  /**
   * @param find is called once or twice; every process that is in its result is one of `members`
   */
  look<T>(known: KnownPids, atMs: number, find: (procs: Kin) => Found<T>): T {
    // First the numbers: whoever is new from here on is new the next time.
    const numbers = this.#source.numbers();
    const earlier = this.#earlier;
    if (numbers === undefined || earlier === undefined) return this.#lookAtAll(known, numbers, atMs, find);
    const newcomers = this.#newcomers(known, earlier, numbers, atMs);
    if (newcomers !== undefined) {
      const fresh = this.#readFresh(known, newcomers);
      const { result, members } = find(joined(new KinIndex(fresh), this.#strangers));
      if (!members.some(({ pid }) => this.#strangers.byPid(pid) !== undefined)) {
        this.#keep(fresh, members);
        this.#earlier = { ...earlier, numbers };
        return result;
      }
    }
    return this.#lookAtAll(known, numbers, atMs, find);
  }

  #lookAtAll<T>(
    { shims }: KnownPids,
    numbers: PidNumbers | undefined,
    atMs: number,
    find: (procs: Kin) => Found<T>,
  ): T {
    const all: ProcInfo[] = [];
    this.#dead.clear();
    for (const pid of this.#source.pids()) {
      if (shims.has(pid)) continue;
      const proc = this.#source.read(pid);
      if (proc === undefined) this.#dead.add(pid);
      else all.push(proc);
    }
    const { result, members } = find(new KinIndex(all));
    this.#strangers = new KinIndex();
    this.#keep(all, members);
    this.#earlier = numbers === undefined ? undefined : { numbers, atMs };
    return result;
  }

  /** @returns undefined when it is not known who is new */
  #newcomers(known: KnownPids, earlier: EarlierLook, numbers: PidNumbers, atMs: number): Newcomers | undefined {
    if (atMs - earlier.atMs > VALID_MS) return undefined;
    const isNew = givenOutBetween(earlier.numbers, numbers);
    if (isNew === undefined) return undefined;
    const source = this.#source;
    // To ask for a number takes about as long as to be told of two that are there.
    const named = namedBetween(earlier.numbers, numbers, (this.#strangers.size + this.#members.size) / 2);
    if (named !== undefined) return { pids: named, isNew, isThere: (pid) => source.isThere(pid) };
    const pids = source.pids();
    const isKnown = (pid: number): boolean =>
      this.#strangers.byPid(pid) !== undefined ||
      [this.#members, known.shims, known.mains, this.#dead].some((some) => some.has(pid));
    // Numbers are not given out as they are said to be.
    if (pids.some((pid) => !isNew(pid) && !isKnown(pid))) return undefined;
    const there = new Set(pids);
    for (const pid of this.#dead) if (!there.has(pid)) this.#dead.delete(pid);
    for (const pid of [...this.#strangers.pids()]) if (!there.has(pid)) this.#strangers.remove(pid);
    return { pids: pids.filter(isNew), isNew, isThere: (pid) => there.has(pid) };
  }

  /** Looks at who may have changed; strangers of whom that is not so stay among `#strangers`. */
  #readFresh({ shims, mains }: KnownPids, { pids, isNew, isThere }: Newcomers): ProcInfo[] {
    const fresh: ProcInfo[] = [];
    const lookAt = (pid: number, readIt: (pid: number) => ProcInfo | undefined): void => {
      this.#strangers.remove(pid);
      if (shims.has(pid)) return;
      const proc = readIt(pid);
      if (proc === undefined) {
        this.#dead.add(pid);
        return;
      }
      this.#dead.delete(pid);
      fresh.push(proc);
    };
    const read = (pid: number) => this.#source.read(pid);
    const readAgain = (pid: number) => this.#source.readAgain(pid);
    for (const pid of mains) lookAt(pid, readAgain);
    for (const pid of this.#members) if (!mains.has(pid)) lookAt(pid, readAgain);
    // Most newcomers are gone by now; to find that out by an error takes twice as long.
    const readIfThere = (pid: number) => (isThere(pid) ? read(pid) : undefined);
    for (const pid of pids) if (!mains.has(pid) && !this.#members.has(pid)) lookAt(pid, readIfThere);
    // Whose parent has ended, waited for or not, by now has another; and so on, since who is looked at may have ended as well.
    const isAlive = (pid: number) => isThere(pid) && !isNew(pid) && !this.#dead.has(pid);
    for (let isDone = false; !isDone; ) {
      isDone = true;
      for (const parent of [...this.#strangers.parents()]) {
        if (parent === 0 || isAlive(parent)) continue;
        isDone = false;
        for (const { pid } of [...this.#strangers.childrenOf(parent)]) lookAt(pid, read);
      }
    }
    return fresh;
  }

  #keep(fresh: readonly ProcInfo[], members: readonly ProcInfo[]): void {
    const alive = new Set(fresh.map(({ pid }) => pid));
    for (const { pid } of members) this.#members.add(pid);
    for (const pid of this.#members) if (!alive.has(pid)) this.#members.delete(pid);
    for (const proc of fresh) if (!this.#members.has(proc.pid)) this.#strangers.add(proc);
  }
}
