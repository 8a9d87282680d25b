import { gracefully } from '../../core/pool/term-sequence.ts';
import type { MainProcess, ProcessRef } from '../../core/process/life.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import { monotonicMs } from '../clock.ts';
import { endFamily, type FamilyEnd } from '../family/end-family.ts';
import { askLeaderToStop, freezeFamily, thawFamily } from '../family/freeze-family.ts';
import type { Kin } from '../family/kin.ts';
import type { ProcInfo } from '../family/proc.ts';
import { BatchEnd } from './batch-end.ts';
import type { Snapshot } from './snapshot.ts';
import type { Surroundings } from './surroundings.ts';
import { findTree, type TreeQuery } from './tree.ts';

const SURVIVOR_POLL_MS = 1_000;
/** For how long after an end that was learnt at once the session cannot be anybody else's: numbers are not used again so soon. */
const SESSION_TRUST_MS = 1_000;

/** A process that could not be ended, as it is named in messages. */
export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

export interface FamilyEvents {
  /** The main program, while it lives. */
  main(): MainProcess | null;
  /** Never part of the family. */
  shimPid(): number | undefined;
  /** Nothing of the run is left. */
  onCleared(run: number): void;
  /** Whether this run is still to be ended, although some of it could not be. */
  isEnding(run: number): boolean;
  /** The main program has left processes behind, which are ended now. */
  onLeftBehind(run: number, processes: readonly Survivor[]): void;
  onSurvivors(run: number, processes: readonly Survivor[]): void;
  /** Who was seen has changed. */
  onSeen(): void;
}

const named = (procs: readonly ProcInfo[]): Survivor[] => procs.map(({ pid, command }) => ({ pid, command }));

/** Keeps track of everything that one supervised process has started, and ends it. */
export class FamilyKeeper {
  readonly #spec: ProcessSpec;
  readonly #around: Surroundings;
  readonly #events: FamilyEvents;
  readonly #seen: Map<number, ProcessRef>;
  /** The last run's main program, also once it has ended. */
  #main: MainProcess | null = null;
  #endLearntMs = Number.NEGATIVE_INFINITY;
  /** The run whose processes are in the cgroup: only for it an empty cgroup says that nobody is left. */
  #runInCgroup = 0;
  #isShimInCgroup = false;
  #end: FamilyEnd | undefined;
  #survivors: readonly Survivor[] = [];
  #killedCount = 0;
  /** The last order to stop the family, or to have it go on: an earlier one does nothing more. */
  #order: { readonly tag: 'freeze' | 'thaw'; readonly done: Promise<readonly Survivor[]> } | undefined;

  constructor(spec: ProcessSpec, around: Surroundings, seen: readonly ProcessRef[], events: FamilyEvents) {
    this.#spec = spec;
    this.#around = around;
    this.#events = events;
    this.#seen = new Map(seen.map((ref) => [ref.pid, ref]));
  }

  /** Members once seen, and not known to be gone. */
  get seen(): ProcessRef[] {
    return [...this.#seen.values()];
  }

  /** Members that could not be ended, so far. */
  get survivors(): readonly Survivor[] {
    return this.#survivors;
  }

  /** How many had to be killed in the last stop. */
  get killedCount(): number {
    return this.#killedCount;
  }

  get isBeingEnded(): boolean {
    return this.#end !== undefined;
  }

  /** A new shim is about to start: it will be in the cgroup, and with it all runs, unless it says otherwise. */
  enterCgroup(): void {
    this.#isShimInCgroup = this.#around.cgroups?.make(this.#spec.id) ?? false;
  }

  /** A run is about to start. */
  prepare(run: number): void {
    this.#order = undefined;
    this.#survivors = [];
    this.#main = null;
    this.#runInCgroup = this.#isShimInCgroup ? run : 0;
  }

  isOutside(run: number): void {
    this.#isShimInCgroup = false;
    if (run === this.#runInCgroup) this.#runInCgroup = 0;
  }

  began(main: MainProcess): void {
    this.#main = main;
  }

  /** Takes over a run of an earlier daemon, which may have had its cgroups elsewhere. */
  adopt(run: number, main: MainProcess | null, shimPid: number | undefined): void {
    this.#main = main;
    const members = this.#around.cgroups?.members(this.#spec.id);
    this.#isShimInCgroup = shimPid !== undefined && members?.has(shimPid) === true;
    if (this.#isShimInCgroup) this.#runInCgroup = run;
  }

  /** The main program has ended. @param agoMs how long ago */
  ended(agoMs: number): void {
    this.#endLearntMs = agoMs < SESSION_TRUST_MS ? monotonicMs() : Number.NEGATIVE_INFINITY;
  }

  /**
   * Everything of the process that is alive, the main program included, as far as it can be told without reading the
   * environments of all processes and the cgroup: for a list.
   */
  tree(procs: Kin): ProcInfo[] {
    return this.#tree(procs, { marked: [], inCgroup: [] });
  }

  /** As `tree`, with all who can be told: to end a family. */
  wholeTree(snapshot: Snapshot): ProcInfo[] {
    const { id } = this.#spec;
    return this.#tree(snapshot, {
      marked: snapshot.markedBy(id),
      inCgroup: this.#around.cgroups?.members(id) ?? [],
    });
  }

  #tree(procs: Kin, { marked, inCgroup }: Pick<TreeQuery, 'marked' | 'inCgroup'>): ProcInfo[] {
    const main = this.#events.main();
    const shimPid = this.#events.shimPid();
    const tree = findTree(
      {
        marked,
        main: main ?? this.#main,
        hasJustEnded: this.#hasJustEnded,
        seen: this.#seen.values(),
        inCgroup,
        excluded: shimPid === undefined ? [process.pid] : [process.pid, shimPid],
      },
      procs,
    );
    this.#remember(tree);
    return tree;
  }

  get #hasJustEnded(): boolean {
    // The clock is not asked for each of many that run.
    return this.#endLearntMs > 0 && monotonicMs() - this.#endLearntMs < SESSION_TRUST_MS;
  }

  #isMain({ pid, startTicks }: ProcInfo): boolean {
    const main = this.#events.main();
    return pid === main?.pid && startTicks === main.startTicks;
  }

  #remember(tree: readonly ProcInfo[]): void {
    const isKnown = ({ pid, startTicks }: ProcInfo): boolean => this.#seen.get(pid)?.startTicks === startTicks;
    if (this.#seen.size === tree.length && tree.every(isKnown)) return;
    this.#seen.clear();
    for (const { pid, startTicks } of tree) this.#seen.set(pid, { pid, startTicks });
    this.#events.onSeen();
  }

  /** Looks at what the process has started, so that it is known later; not needed where a cgroup knows it. */
  sample(run: number, look: () => Snapshot): void {
    if (this.#runInCgroup !== run) this.wholeTree(look());
  }

  /** Ends everything: the stop signal, a grace, SIGKILL. */
  endAll(run: number): void {
    this.#killedCount = 0;
    this.#endTree(run, this.#spec.stopTimeoutMs);
  }

  /** Ends what the main program has left behind, if anything. */
  endRest(run: number): void {
    this.#killedCount = 0;
    if (this.#runInCgroup === run && this.#isCgroupEmpty()) {
      // Not in the middle of the step that asked for it.
      queueMicrotask(() => this.#cleared(run));
      return;
    }
    void this.#around.looker.look().then((snapshot) => {
      const left = this.wholeTree(snapshot);
      if (left.length === 0) {
        this.#cleared(run);
        return;
      }
      this.#events.onLeftBehind(run, named(left));
      this.#endTree(run, this.#spec.stopTimeoutMs);
    });
  }

  /** But for the shim. */
  #isCgroupEmpty(): boolean {
    const members = this.#around.cgroups?.members(this.#spec.id);
    const shimPid = this.#events.shimPid();
    return members !== undefined && shimPid !== undefined && members.size === 1 && members.has(shimPid);
  }

  #endTree(run: number, graceMs: number): void {
    this.#order = undefined;
    if (this.#end !== undefined) return;
    const batch = this.#spec.batch ? new BatchEnd(() => this.#events.main(), this.#spec.stopTimeoutMs) : undefined;
    this.#end = endFamily({
      find: async () => {
        const tree = this.wholeTree(await this.#around.looker.look());
        return batch?.choose(tree) ?? tree;
      },
      isOver: () => batch?.isOver ?? true,
      sequence: gracefully(graceMs, this.#spec.stopSignal as NodeJS.Signals),
      onKill: () => {
        this.#killedCount += 1;
      },
    });
    void this.#end.survivors.then((survivors) => {
      this.#end = undefined;
      if (survivors.length === 0) {
        this.#cleared(run);
        return;
      }
      this.#survivors = named(survivors);
      this.#events.onSurvivors(run, this.#survivors);
      setTimeout(() => {
        if (this.#events.isEnding(run)) this.#endTree(run, 0);
      }, SURVIVOR_POLL_MS).unref();
    });
  }

  #cleared(run: number): void {
    this.#survivors = [];
    this.#events.onCleared(run);
  }

  /** Stops everything where it stands. @returns who could not be stopped */
  freeze(): Promise<readonly Survivor[]> {
    if (!this.#spec.batch) return this.#command('freeze', freezeFamily);
    // A pool that stops its tasks itself takes none of that time off their limits.
    return this.#command('freeze', async (options) => {
      await askLeaderToStop((proc) => this.#isMain(proc), options);
      return options.isWanted() ? freezeFamily(options) : [];
    });
  }

  /** Has everything that is stopped go on. */
  async thaw(): Promise<void> {
    await this.#command('thaw', thawFamily);
  }

  #command(tag: 'freeze' | 'thaw', carryOut: typeof freezeFamily): Promise<readonly Survivor[]> {
    if (this.#order?.tag === tag) return this.#order.done;
    const isWanted = (): boolean => this.#order === order;
    const carriedOut = async (): Promise<readonly Survivor[]> => {
      const find = async () => this.wholeTree(await this.#around.looker.look());
      const left = await carryOut({ find, isWanted });
      if (isWanted()) this.#order = undefined;
      return named(left);
    };
    // In a later turn: the order has to be known by then.
    const order = { tag, done: Promise.resolve().then(carriedOut) };
    this.#order = order;
    return order.done;
  }

  /** SIGKILL from here on, for an end under way. */
  killNow(): void {
    this.#end?.now();
  }

  /** The process has come to rest. */
  rest(): void {
    this.#main = null;
    this.#seen.clear();
    this.#around.cgroups?.remove(this.#spec.id);
  }
}
