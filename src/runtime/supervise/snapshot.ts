import { type Kin, KinIndex } from '../family/kin.ts';
import { OpenStats } from '../family/open-stats.ts';
import { pidNumbers } from '../family/pid-numbers.ts';
import { isPidThere, listPids, type ProcInfo, readAllProcs, readEnviron, readLeader } from '../family/proc.ts';
import { type Found, type KnownPids, ListLooker } from './list-looker.ts';

/** Descriptors for lists, after the last one. */
const KEPT_OPEN_MS = 10_000;

/** Everything that is alive at one moment: one look at `/proc`, for however many families are looked for in it. */
export class Snapshot implements Kin {
  readonly procs: readonly ProcInfo[] = readAllProcs();
  readonly #kin = new KinIndex(this.procs);
  readonly #homeMark: string;
  #marked: Map<number, ProcInfo[]> | undefined;

  /** @param homeMark text that the marks of all processes of one home have in common */
  constructor(homeMark: string) {
    this.#homeMark = homeMark;
  }

  byPid(pid: number): ProcInfo | undefined {
    return this.#kin.byPid(pid);
  }

  childrenOf(pid: number): readonly ProcInfo[] {
    return this.#kin.childrenOf(pid);
  }

  session(id: number): readonly ProcInfo[] {
    return this.#kin.session(id);
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
  readonly #stats = new OpenStats();
  readonly #forLists = new ListLooker({
    pids: listPids,
    read: readLeader,
    readAgain: (pid) => this.#stats.read(pid),
    isThere: isPidThere,
    numbers: pidNumbers,
  });
  #closing: NodeJS.Timeout | undefined;

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
  forList<T>(known: KnownPids, find: (procs: Kin) => Found<T>): T {
    this.#closing?.refresh();
    this.#closing ??= setTimeout(() => this.#stats.close(), KEPT_OPEN_MS).unref();
    return this.#forLists.look(known, performance.now(), find);
  }
}
