import type { ProcInfo } from './proc.ts';

/** Processes by what makes relatives of them. */
export interface Kin {
  byPid(pid: number): ProcInfo | undefined;
  childrenOf(pid: number): readonly ProcInfo[];
  session(id: number): readonly ProcInfo[];
}

const NONE: readonly ProcInfo[] = [];

type Groups = Map<number, ProcInfo[]>;

const addTo = (groups: Groups, key: number, proc: ProcInfo): void => {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [proc]);
  else group.push(proc);
};

const removeFrom = (groups: Groups, key: number, proc: ProcInfo): void => {
  const left = groups.get(key)?.filter((other) => other !== proc) ?? [];
  if (left.length === 0) groups.delete(key);
  else groups.set(key, left);
};

/** An index of processes that can change. */
export class KinIndex implements Kin {
  readonly #procs = new Map<number, ProcInfo>();
  readonly #children: Groups = new Map();
  readonly #sessions: Groups = new Map();

  constructor(procs: Iterable<ProcInfo> = []) {
    for (const proc of procs) this.add(proc);
  }

  byPid(pid: number): ProcInfo | undefined {
    return this.#procs.get(pid);
  }

  childrenOf(pid: number): readonly ProcInfo[] {
    return this.#children.get(pid) ?? NONE;
  }

  session(id: number): readonly ProcInfo[] {
    return this.#sessions.get(id) ?? NONE;
  }

  get size(): number {
    return this.#procs.size;
  }

  pids(): Iterable<number> {
    return this.#procs.keys();
  }

  /** The pids that somebody has as its parent. */
  parents(): Iterable<number> {
    return this.#children.keys();
  }

  /** In the place of whoever had its pid before. */
  add(proc: ProcInfo): void {
    this.remove(proc.pid);
    this.#procs.set(proc.pid, proc);
    addTo(this.#children, proc.parent, proc);
    addTo(this.#sessions, proc.session, proc);
  }

  remove(pid: number): void {
    const proc = this.#procs.get(pid);
    if (proc === undefined) return;
    this.#procs.delete(pid);
    removeFrom(this.#children, proc.parent, proc);
    removeFrom(this.#sessions, proc.session, proc);
  }
}

const both = (some: readonly ProcInfo[], others: readonly ProcInfo[]): readonly ProcInfo[] => {
  if (others.length === 0) return some;
  return some.length === 0 ? others : [...some, ...others];
};

/** Those of two indexes that have no pid in common. */
export const joined = (some: Kin, others: Kin): Kin => ({
  byPid: (pid) => some.byPid(pid) ?? others.byPid(pid),
  childrenOf: (pid) => both(some.childrenOf(pid), others.childrenOf(pid)),
  session: (id) => both(some.session(id), others.session(id)),
});
