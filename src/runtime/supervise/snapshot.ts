import { pidNumbers } from '../family/pid-numbers.ts';
import { listPids, type ProcInfo, readAllProcs, readEnviron, readLiveProc } from '../family/proc.ts';
import { type Found, type KnownPids, ListLooker } from './list-looker.ts';

const groupBy = (procs: readonly ProcInfo[], keyOf: (proc: ProcInfo) => number): Map<number, ProcInfo[]> => {
  const groups = new Map<number, ProcInfo[]>();
  for (const proc of procs) {
    const key = keyOf(proc);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [proc]);
    else group.push(proc);
  }
  return groups;
};

/** Everything that is alive at one moment: one look at `/proc`, for however many families are looked for in it. */
export class Snapshot {
  readonly procs: readonly ProcInfo[];
  readonly byPid: ReadonlyMap<number, ProcInfo>;
  readonly #homeMark: string;
  #children: Map<number, ProcInfo[]> | undefined;
  #sessions: Map<number, ProcInfo[]> | undefined;
  #marked: Map<number, ProcInfo[]> | undefined;

  /**
   * @param homeMark text that the marks of all processes of one home have in common
   * @param procs who is alive; looked for if not given
   */
  constructor(homeMark: string, procs: readonly ProcInfo[] = readAllProcs()) {
    this.#homeMark = homeMark;
    this.procs = procs;
    this.byPid = new Map(this.procs.map((proc) => [proc.pid, proc]));
  }

  childrenOf(pid: number): readonly ProcInfo[] {
    this.#children ??= groupBy(this.procs, ({ parent }) => parent);
    return this.#children.get(pid) ?? [];
  }

  session(id: number): readonly ProcInfo[] {
    this.#sessions ??= groupBy(this.procs, ({ session }) => session);
    return this.#sessions.get(id) ?? [];
  }

  /** Those that carry the mark of a process in their environment. The environments are read when this is first asked. */
  markedBy(id: number): readonly ProcInfo[] {
    this.#marked ??= this.#readMarks();
    return this.#marked.get(id) ?? [];
  }

  #readMarks(): Map<number, ProcInfo[]> {
    const marked = new Map<number, ProcInfo[]>();
    const pattern = `/${this.#homeMark}.`;
    for (const proc of this.procs) {
      const environ = readEnviron(proc.pid);
      for (let at = environ.indexOf(pattern); at !== -1; at = environ.indexOf(pattern, at + 1)) {
        const id = Number.parseInt(environ.slice(at + pattern.length, at + pattern.length + 16), 10);
        const group = marked.get(id);
        if (group === undefined) marked.set(id, [proc]);
        else if (group.at(-1) !== proc) group.push(proc);
      }
    }
    return marked;
  }
}

/** Shares looks at `/proc`: all that ask in one turn of the event loop get one that is made after they asked. */
export class Looker {
  readonly #homeMark: string;
  #waiting: ((snapshot: Snapshot) => void)[] = [];
  readonly #forLists = new ListLooker({ pids: listPids, read: readLiveProc, numbers: pidNumbers });

  constructor(homeMark: string) {
    this.#homeMark = homeMark;
  }

  look(): Promise<Snapshot> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) > 1) return;
      // After what is read in this turn: the words of many shims then share one look.
      setImmediate(() => {
        const waiting = this.#waiting;
        this.#waiting = [];
        const snapshot = new Snapshot(this.#homeMark);
        for (const next of waiting) next(snapshot);
      });
    });
  }

  now(): Snapshot {
    return new Snapshot(this.#homeMark);
  }

  /**
   * A look for a list, not for ending anything: without shims, and without looking again at those who belong to nobody.
   *
   * @param find may be called twice
   */
  forList<T>(known: KnownPids, find: (snapshot: Snapshot) => Found<T>): T {
    return this.#forLists.look(known, performance.now(), (procs) => find(new Snapshot(this.#homeMark, procs)));
  }
}
