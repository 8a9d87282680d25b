// Recovery. The status says how far the earlier daemon had come; the shim, the kernel and what is in the pipes say how
// it went on.
import type { Life, LifeEvent, MainProcess, ProcessRef } from '../../core/process/life.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import { markOfProcess, markOfRun } from '../../protocol/shim-script.ts';
import { monotonicMs } from '../clock.ts';
import { firstChild, type ProcInfo, readEnviron, readProc } from '../family/proc.ts';
import type { FamilyKeeper } from './family-keeper.ts';
import type { ShimKeeper } from './shim-keeper.ts';
import type { Surroundings } from './surroundings.ts';

/** The process that is taken over, as far as its recovery has to do with it. */
export interface Recovered {
  readonly spec: ProcessSpec;
  readonly shim: ShimKeeper;
  readonly family: FamilyKeeper;
  life(): Life;
  main(): MainProcess | null;
  isAtRest(): boolean;
  isPaused(): boolean;
  dispatch(event: LifeEvent): void;
  /** In the place of the one that was lost with the status. */
  replaceLife(life: Life): void;
  launch(run: number): void;
  /** This is the main program of a run. */
  started(run: number, main: ProcessRef): void;
  shimGone(): void;
  /** How the run has ended nobody will know. */
  lost(): void;
  rest(): void;
}

/** Finds out what has become of a process since an earlier daemon was cut off, and goes on from there. */
export class Recovery {
  readonly #process: Recovered;
  readonly #around: Surroundings;

  constructor(process: Recovered, around: Surroundings) {
    this.#process = process;
    this.#around = around;
  }

  /** Whatever the earlier daemon was doing. */
  async adopt(): Promise<void> {
    const { shim, family, life, main, isAtRest, isPaused } = this.#process;
    const { state } = life();
    const found = await shim.find();
    if (found.tag !== 'alive' && (isAtRest() || state.tag === 'waiting')) return;
    family.adopt(life().run, main(), found.tag === 'alive' ? found.ref.pid : undefined);
    shim.open();
    shim.catchUp();
    if (isAtRest()) shim.dismiss();
    else if (found.tag === 'alive') this.#adoptShim(found.ref);
    else this.#adoptOrphan(found.tag);
    this.#resumeStopping();
    // The earlier daemon may have been killed when it had stopped some of them.
    if (isPaused() && main() !== null) void family.freeze();
  }

  /**
   * Goes on although the status was lost: what is alive of the process is found by its mark, and its run taken from there.
   * What is not alive has come to rest; whether it should run, nobody knows any more.
   */
  async adoptUnknown(): Promise<void> {
    const { shim, spec, life, replaceLife, rest } = this.#process;
    const found = await shim.find();
    const leader = this.#findLeader(markOfProcess(this.#around.homeMark, spec.id));
    const run = leader === undefined ? 0 : this.#runOf(leader.pid);
    if (run > 0) {
      replaceLife({ ...life(), run, wanted: 'up', state: { tag: 'ready', run } });
    } else {
      const outcome = { kind: 'unknown' as const, why: 'its status.json was damaged' };
      const ending = { run: 0, pid: null, outcome, startedAt: 0, exitedAt: null, uptimeMs: null };
      replaceLife({ ...life(), history: [ending], state: { tag: 'exited', endedBy: 'self' } });
    }
    shim.open();
    if (run === 0) rest();
    else if (found.tag === 'alive') this.#adoptShim(found.ref);
    else this.#adoptOrphan('dead');
  }

  #adoptShim(ref: ProcessRef): void {
    if (!this.#isStartUnknown()) return;
    const { shim, life, started } = this.#process;
    const { run } = life();
    const child = firstChild(ref.pid);
    const proc = child === undefined ? undefined : readProc(child);
    if (proc !== undefined) started(run, proc);
    else shim.go(run);
  }

  #adoptOrphan(shim: 'dead' | 'never'): void {
    const { spec, life, dispatch, launch, started, shimGone, lost } = this.#process;
    if (!this.#isStartUnknown()) {
      shimGone();
      return;
    }
    const { run, state } = life();
    const leader = shim === 'never' ? undefined : this.#findLeader(markOfRun(this.#around.homeMark, spec.id, run));
    if (leader !== undefined) {
      started(run, leader);
      shimGone();
    } else if (shim === 'dead') lost();
    else if (state.tag === 'ready') launch(run);
    else dispatch({ tag: 'startFailed', run, why: 'it was stopped first', atMs: monotonicMs() });
  }

  /** Whether a start was ordered, and nothing has been heard of it. */
  #isStartUnknown(): boolean {
    const { state } = this.#process.life();
    return state.tag === 'ready' || (state.tag === 'stopping' && state.main === null && state.ending === null);
  }

  #resumeStopping(): void {
    const { family, life } = this.#process;
    const { state } = life();
    if (state.tag !== 'stopping' || family.isBeingEnded || state.isCleared) return;
    if (state.ending !== null) family.endRest(state.run);
    else if (state.main !== null) family.endAll(state.run);
  }

  /** The process that a run has begun with: it carries the mark, and leads a session. */
  #findLeader(mark: string): ProcInfo | undefined {
    const marked = this.#around.looker.now().markedBy(this.#process.spec.id);
    return marked.find(({ pid, session }) => pid === session && readEnviron(pid).includes(mark));
  }

  /** The run whose mark a process carries; 0 for none. */
  #runOf(pid: number): number {
    const mark = markOfProcess(this.#around.homeMark, this.#process.spec.id);
    const environ = readEnviron(pid);
    const at = environ.indexOf(mark);
    return at === -1 ? 0 : Number.parseInt(environ.slice(at + mark.length), 10) || 0;
  }
}
