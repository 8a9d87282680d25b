import { type ProcInfo, readAllProcs, readEnviron } from '../family/proc.ts';

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
   * @param skipped pids that belong to no family
   */
  constructor(homeMark: string, skipped?: ReadonlySet<number>) {
    this.#homeMark = homeMark;
    this.procs = readAllProcs(skipped);
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

const KTHREADD = 2;
const KERNEL_THREADS_VALID_MS = 30_000;

/** Shares looks at `/proc`: all that ask in one turn of the event loop get one that is made after they asked. */
export class Looker {
  readonly #homeMark: string;
  #waiting: ((snapshot: Snapshot) => void)[] = [];
  #kernelThreads: readonly number[] = [];
  #kernelThreadsUntilMs = 0;

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
   * A look for a list, not for ending anything: without shims, and without what were threads of the kernel a moment ago, which
   * are most of what there is on an idle machine.
   */
  forList(shims: readonly number[]): Snapshot {
    const nowMs = performance.now();
    if (nowMs > this.#kernelThreadsUntilMs) this.#kernelThreads = [];
    const snapshot = new Snapshot(this.#homeMark, new Set([...shims, ...this.#kernelThreads]));
    if (this.#kernelThreads.length === 0) {
      const isKernel = ({ pid, parent }: ProcInfo): boolean => pid === KTHREADD || parent === KTHREADD;
      this.#kernelThreads = snapshot.procs.filter(isKernel).map(({ pid }) => pid);
      this.#kernelThreadsUntilMs = nowMs + KERNEL_THREADS_VALID_MS;
    }
    return snapshot;
  }
}
