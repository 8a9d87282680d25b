import { givenOutBetween, type PidNumbers } from '../family/pid-numbers.ts';
import type { ProcInfo } from '../family/proc.ts';

/** `/proc`, or what a test has in its place. */
export interface ProcSource {
  pids(): readonly number[];
  /** undefined when there is no such process alive. */
  read(pid: number): ProcInfo | undefined;
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
  readonly pids: ReadonlySet<number>;
  /** Who belonged to nobody. */
  readonly strangers: ReadonlyMap<number, ProcInfo>;
  readonly atMs: number;
}

interface Mixed {
  readonly procs: ReadonlyMap<number, ProcInfo>;
  /** Of these, who was not looked at now. */
  readonly old: ReadonlySet<number>;
}

/** For whatever else may give out numbers, such as a restored checkpoint. */
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
  readonly #members = new Set<number>();
  #earlier: EarlierLook | undefined;

  constructor(source: ProcSource) {
    this.#source = source;
  }

  /**
   * @param find is called once or twice; every process that is in its result is one of `members`
   */
  look<T>(pidsOf: KnownPids, atMs: number, find: (procs: readonly ProcInfo[]) => Found<T>): T {
    // First the numbers: whoever is new from here on is new the next time.
    const numbers = this.#source.numbers();
    const pids = this.#source.pids();
    const mixed = numbers === undefined ? undefined : this.#mix(pids, pidsOf, numbers, atMs);
    if (mixed !== undefined) {
      const { result, members } = find([...mixed.procs.values()]);
      if (!members.some(({ pid }) => mixed.old.has(pid))) {
        this.#keep(numbers, pids, mixed.procs, members, this.#earlier?.atMs ?? atMs);
        return result;
      }
    }
    const procs = new Map<number, ProcInfo>();
    for (const pid of pids) {
      const proc = pidsOf.shims.has(pid) ? undefined : this.#source.read(pid);
      if (proc !== undefined) procs.set(pid, proc);
    }
    const { result, members } = find([...procs.values()]);
    this.#keep(numbers, pids, procs, members, atMs);
    return result;
  }

  #mix(pids: readonly number[], { shims, mains }: KnownPids, numbers: PidNumbers, atMs: number): Mixed | undefined {
    const earlier = this.#earlier;
    if (earlier === undefined || atMs - earlier.atMs > VALID_MS) return undefined;
    const isNew = givenOutBetween(earlier.numbers, numbers);
    if (isNew === undefined) return undefined;
    // Numbers are not given out as they are said to be.
    if (pids.some((pid) => !isNew(pid) && !earlier.pids.has(pid))) return undefined;
    const procs = new Map<number, ProcInfo>();
    const old = new Set<number>();
    for (const pid of pids) {
      if (shims.has(pid)) continue;
      const stranger = isNew(pid) || mains.has(pid) ? undefined : earlier.strangers.get(pid);
      const proc = stranger ?? this.#source.read(pid);
      if (proc === undefined) continue;
      procs.set(pid, proc);
      if (stranger !== undefined) old.add(pid);
    }
    // Whose parent has ended, by now has another; and so on, since who is looked at may have ended as well.
    for (let isDone = false; !isDone; ) {
      isDone = true;
      for (const pid of old) {
        const parent = procs.get(pid)?.parent ?? 0;
        if (parent === 0 || (procs.has(parent) && !isNew(parent))) continue;
        old.delete(pid);
        const proc = this.#source.read(pid);
        if (proc !== undefined) procs.set(pid, proc);
        else {
          procs.delete(pid);
          isDone = false;
        }
      }
    }
    return { procs, old };
  }

  #keep(
    numbers: PidNumbers | undefined,
    pids: readonly number[],
    procs: ReadonlyMap<number, ProcInfo>,
    members: readonly ProcInfo[],
    atMs: number,
  ): void {
    for (const { pid } of members) this.#members.add(pid);
    for (const pid of this.#members) if (!procs.has(pid)) this.#members.delete(pid);
    const strangers = new Map(procs);
    for (const pid of this.#members) strangers.delete(pid);
    this.#earlier = numbers === undefined ? undefined : { numbers, pids: new Set(pids), strangers, atMs };
  }
}
