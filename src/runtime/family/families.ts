import type { FamilyQuery } from './family.ts';
import { type ProcInfo, readAllProcs, readEnviron } from './proc.ts';

/** Answers for one process whose family it belongs to, if it is by itself, and not as a descendant. */
class Roots<Key> {
  readonly #byPid = new Map<number, Key>();
  readonly #byShell = new Map<number, Key>();
  readonly #bySession = new Map<number, Key>();
  readonly #byMark = new Map<string, Key>();
  readonly #queries: ReadonlyMap<Key, FamilyQuery>;
  readonly #poolMark: string;
  readonly #sinceTicks: number;

  constructor(queries: ReadonlyMap<Key, FamilyQuery>) {
    this.#queries = queries;
    let sinceTicks = Number.POSITIVE_INFINITY;
    let poolMark = '';
    for (const [key, query] of queries) {
      if (query.leader !== undefined) this.#byPid.set(query.leader, key);
      if (query.shell !== undefined) this.#byShell.set(query.shell, key);
      this.#bySession.set(query.session, key);
      this.#byMark.set(query.mark, key);
      sinceTicks = Math.min(sinceTicks, query.sinceTicks);
      poolMark = query.poolMark;
    }
    this.#sinceTicks = sinceTicks;
    this.#poolMark = poolMark;
  }

  isShell(pid: number): boolean {
    return this.#byShell.has(pid);
  }

  keyOf(proc: ProcInfo): Key | undefined {
    const known = this.#byPid.get(proc.pid) ?? this.#byShell.get(proc.parent);
    if (known !== undefined) return known;
    // Most of what runs on a machine is older than all attempts: its environment need not be read.
    if (proc.startTicks < this.#sinceTicks) return undefined;
    const key = this.#keyOfEnvironment(proc);
    const since = key === undefined ? undefined : this.#queries.get(key)?.sinceTicks;
    return since !== undefined && proc.startTicks >= since ? key : undefined;
  }

  #keyOfEnvironment(proc: ProcInfo): Key | undefined {
    const environ = readEnviron(proc.pid);
    const at = environ.indexOf(this.#poolMark);
    // A fork of the lane's shell that never became another program shows the lane's own environment: attempt 0.
    if (at === -1 || environ.startsWith(`${this.#poolMark}0.0/`, at)) return this.#bySession.get(proc.session);
    return this.#byMark.get(environ.slice(at, environ.indexOf('/', at + this.#poolMark.length) + 1));
  }
}

/**
 * The families of several attempts of one pool, by the rules of `findFamily`, from one look at `/proc`: each environment is
 * read once, not once for each attempt.
 */
export const findFamilies = <Key>(
  queries: ReadonlyMap<Key, FamilyQuery>,
  procs: readonly ProcInfo[] = readAllProcs(),
): ReadonlyMap<Key, readonly ProcInfo[]> => {
  const roots = new Roots(queries);
  const keys = new Map<number, Key>();
  const others: ProcInfo[] = [];
  for (const proc of procs) {
    if (proc.pid === process.pid || roots.isShell(proc.pid)) continue;
    const key = roots.keyOf(proc);
    if (key === undefined) others.push(proc);
    else keys.set(proc.pid, key);
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, parent } of others) {
      const key = keys.get(parent);
      if (key === undefined || keys.has(pid)) continue;
      keys.set(pid, key);
      grew = true;
    }
  }
  const families = new Map<Key, ProcInfo[]>([...queries.keys()].map((key) => [key, []]));
  for (const proc of procs) {
    const key = keys.get(proc.pid);
    if (key !== undefined) families.get(key)?.push(proc);
  }
  return families;
};
