import { readFileSync } from 'node:fs';
import type { Life, LifeEffect, LifeEvent, MainProcess, ProcessRef } from '../../core/process/life.ts';
import { step } from '../../core/process/machine.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import type { ProcessStatus } from '../../protocol/process-status.ts';
import { outcomeText } from '../../protocol/process-view.ts';
import { isStillStarting, type ShimWord } from '../../protocol/shim-script.ts';
import { monotonicMs } from '../clock.ts';
import { isSameAlive } from '../family/family.ts';
import type { Kin } from '../family/kin.ts';
import { bootId, type ProcInfo, parseProc, TICK_MS, uptimeMs } from '../family/proc.ts';
import { type LongTimer, startLongTimer } from '../long-timer.ts';
import { removeBatchInput } from './batch-input.ts';
import { FamilyKeeper, type Survivor } from './family-keeper.ts';
import { historyOf } from './history-notes.ts';
import { ProcessDirectory } from './process-directory.ts';
import { type Recovered, Recovery } from './recovery.ts';
import { ShimKeeper } from './shim-keeper.ts';
import type { Snapshot } from './snapshot.ts';
import { StatusKeeper } from './status-keeper.ts';
import type { Surroundings } from './surroundings.ts';
import { Waiters } from './waiters.ts';

/** How often a process whose shim was killed is looked at. */
const ORPHAN_POLL_MS = 500;

/**
 * One supervised process: the only one to call its life-cycle machine, and to have done what that says. What happens to
 * the process comes from its shim and its family; every event names the run it speaks of.
 */
export class Supervised {
  readonly spec: ProcessSpec;
  readonly directory: ProcessDirectory;
  readonly #around: Surroundings;
  readonly #shim: ShimKeeper;
  readonly #family: FamilyKeeper;
  readonly #status: StatusKeeper;
  readonly #waiters = new Waiters();
  #life: Life;
  #wake: LongTimer | undefined;
  #orphanTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(around: Surroundings, spec: ProcessSpec, status: ProcessStatus) {
    this.#around = around;
    this.spec = spec;
    this.directory = new ProcessDirectory(around.processes, spec.id);
    this.#life = status.life;
    this.#shim = new ShimKeeper({ spec, directory: this.directory, launcher: around.launcher }, status, {
      onWord: (word) => this.#onWord(word),
      onGone: () => this.#shimGone(),
      onStartFailed: (run, why) => this.dispatch({ tag: 'startFailed', run, why, atMs: monotonicMs() }),
    });
    this.#family = new FamilyKeeper(spec, around, status.seen, {
      main: () => this.main,
      shimPid: () => this.#shim.pid,
      onCleared: (run) => this.#cleared(run),
      isEnding: (run) => this.#life.state.tag === 'stopping' && this.#life.state.run === run,
      onLeftBehind: (run, processes) => this.#record('left-behind', { run, processes }),
      onSurvivors: (run, processes) => {
        this.#record('survivors', { run, processes });
        this.#waiters.tell();
      },
      onSeen: () => this.#status.saveSoon(),
    });
    this.#status = new StatusKeeper(spec.name, {
      statusOf: () => ({ life: this.#life, ...this.#shim.status, bootId: bootId(), seen: this.#family.seen }),
      write: (status, options) => this.directory.writeStatus(status, options),
      say: around.say,
    });
  }

  get life(): Life {
    return this.#life;
  }

  /** The live main program, as far as is known. */
  get main(): MainProcess | null {
    const { state } = this.#life;
    if (state.tag === 'running') return state.main;
    return state.tag === 'stopping' && state.ending === null ? state.main : null;
  }

  /** Kept from running, or from being started again, until somebody resumes it. */
  get isPaused(): boolean {
    const { state } = this.#life;
    return (state.tag === 'running' && state.isPaused) || (state.tag === 'waiting' && state.reason === 'paused');
  }

  get isAtRest(): boolean {
    return this.#isClosed || this.#life.state.tag === 'exited' || this.#life.state.tag === 'failed';
  }

  /** Forgotten: it was removed, or another daemon has it by now. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get shimPid(): number | undefined {
    return this.#shim.pid;
  }

  get droppedLogLines(): number {
    return this.#shim.droppedLogLines;
  }

  get survivors(): readonly Survivor[] {
    return this.#family.survivors;
  }

  /** Members of the family that had to be killed in the last stop. */
  get killedCount(): number {
    return this.#family.killedCount;
  }

  /** Lets the machine decide about an event, keeps what it says on disk, and does it. */
  dispatch(event: LifeEvent): void {
    if (this.#isClosed) return;
    const { life, effects } = step(this.#life, this.spec.policy, event);
    if (life === this.#life) return;
    const before = this.#life.state;
    this.#life = life;
    const { state } = life;
    if (state.tag !== 'waiting' || state.reason !== 'backoff') this.#wake?.cancel();
    // What is to be started or stopped must be known to a daemon that takes over before it is so.
    if (effects.some(({ tag }) => tag === 'launch' || tag === 'freeze')) this.save();
    else this.#status.saveSoon();
    for (const effect of effects) this.#do(effect);
    if (state !== before && (state.tag === 'exited' || state.tag === 'failed')) this.#rest();
    this.#waiters.tell();
  }

  #do(effect: LifeEffect): void {
    switch (effect.tag) {
      case 'launch':
        this.#launch(effect.run);
        return;
      case 'end':
        if (effect.what === 'all') this.#family.endAll(effect.run);
        else this.#family.endRest(effect.run);
        return;
      case 'freeze':
        void this.#family.freeze();
        return;
      case 'thaw':
        void this.#family.thaw();
        return;
      case 'wake':
        this.#wake?.cancel();
        this.#wake = startLongTimer(effect.afterMs, () => this.dispatch({ tag: 'due', run: effect.run }));
        return;
      case 'note':
        this.#record(effect.what, historyOf(effect));
    }
  }

  #record(event: string, details: Record<string, unknown>): void {
    this.#around.events.add(event, { id: this.spec.id, name: this.spec.name, ...details });
  }

  /** Before `launchFirst`. */
  makeCgroup(): void {
    this.#family.enterCgroup();
  }

  /** It was not launched after all. */
  removeCgroup(): void {
    this.#family.rest();
  }

  /** Starts what was created with its first start ordered. */
  launchFirst(): void {
    this.#family.prepare(this.#life.run);
    this.#shim.start(this.#life.run);
  }

  #launch(run: number): void {
    this.#family.prepare(run);
    if (this.#shim.go(run)) return;
    this.#family.enterCgroup();
    this.#family.prepare(run);
    this.#shim.next();
    this.save();
    this.#shim.start(run);
  }

  #onWord(word: Exclude<ShimWord, { tag: 'hello' }>): void {
    if (word.tag === 'outside') {
      this.#family.isOutside(word.run);
    } else if (word.tag === 'started') {
      this.#started(word.run, parseProc(word.stat));
    } else {
      const agoMs = Math.max(0, uptimeMs() - word.uptimeMs);
      this.#family.ended(agoMs);
      const { run, outcome } = word;
      const at = Math.round(Date.now() - agoMs);
      this.dispatch({ tag: 'exited', run, outcome, at, atMs: monotonicMs() - agoMs });
    }
  }

  #started(run: number, { pid, startTicks }: ProcessRef): void {
    // Of one that has ended at once, the shim may have found nothing to tell: its end comes next.
    if (run !== this.#life.run || Number.isNaN(startTicks)) return;
    const ageMs = Math.max(0, uptimeMs() - startTicks * TICK_MS);
    const startedAt = Math.round(Date.now() - ageMs);
    const main: MainProcess = { pid, startTicks, startedAt, startedMs: monotonicMs() - ageMs };
    this.#family.began(main);
    if (this.#life.state.tag === 'ready') this.#record('started', { run, pid });
    this.dispatch({ tag: 'started', run, main });
  }

  #cleared(run: number): void {
    this.#shim.endRun();
    if (this.killedCount > 0) this.#record('killed', { run, processes: this.killedCount });
    this.dispatch({ tag: 'cleared', run, atMs: monotonicMs() });
  }

  /** The shim was killed: the process may live on, but how it ends nobody will know. */
  #shimGone(): void {
    if (this.isAtRest) return;
    const { state } = this.#life;
    if (state.tag === 'waiting') {
      this.#shim.lose();
    } else if (state.tag === 'ready') {
      this.#lost();
    } else if (this.main !== null) {
      this.#around.say(`${this.spec.name}: its shim is gone; how it ends cannot be known`);
      this.#watchOrphan();
    }
  }

  #watchOrphan(): void {
    clearTimeout(this.#orphanTimer);
    const { main } = this;
    if (main === null) return;
    if (isSameAlive(main)) this.#orphanTimer = setTimeout(() => this.#watchOrphan(), ORPHAN_POLL_MS);
    else this.#lost();
  }

  #lost(): void {
    this.#shim.lose();
    const outcome = { kind: 'unknown' as const, why: 'its shim was killed' };
    this.dispatch({ tag: 'exited', run: this.#life.run, outcome, at: null, atMs: monotonicMs() });
  }

  /** Nothing is to be started for now. */
  #rest(): void {
    clearTimeout(this.#orphanTimer);
    this.#shim.dismiss();
    this.#family.rest();
    this.#status.saveSoon();
    const { state, history } = this.#life;
    if (state.tag !== 'exited' || state.endedBy === null || state.endedBy === 'self') return;
    const last = history[0];
    this.#record('stopped', {
      by: state.endedBy,
      ...(last === undefined ? {} : { outcome: outcomeText(last.outcome) }),
    });
  }

  /** Goes on where an earlier daemon was cut off, whatever it was doing. */
  async adopt(): Promise<void> {
    const { state, run } = this.#life;
    if (state.tag === 'waiting' && state.reason === 'backoff') {
      this.#do({ tag: 'wake', run, afterMs: Math.max(0, state.dueMs - monotonicMs()) });
    }
    await this.#recovery().adopt();
  }

  /** Goes on although the status was lost. */
  async adoptUnknown(): Promise<void> {
    await this.#recovery().adoptUnknown();
    this.save();
  }

  #recovery(): Recovery {
    const process: Recovered = {
      spec: this.spec,
      shim: this.#shim,
      family: this.#family,
      life: () => this.#life,
      main: () => this.main,
      isAtRest: () => this.isAtRest,
      isPaused: () => this.isPaused,
      dispatch: (event) => this.dispatch(event),
      replaceLife: (life) => {
        this.#life = life;
      },
      launch: (run) => this.#launch(run),
      started: (run, main) => this.#started(run, main),
      shimGone: () => this.#shimGone(),
      lost: () => this.#lost(),
      rest: () => this.#rest(),
    };
    return new Recovery(process, this.#around);
  }

  /** Everything of this process that is alive; see `FamilyKeeper.tree`. */
  tree(procs: Kin): ProcInfo[] {
    return this.#family.tree(procs);
  }

  /** See `FamilyKeeper.wholeTree`. */
  wholeTree(snapshot: Snapshot): ProcInfo[] {
    return this.#family.wholeTree(snapshot);
  }

  /** Looks at what the process has started, so that it is known later. */
  sample(look: () => Snapshot): void {
    if (this.main !== null) this.#family.sample(this.#life.run, look);
  }

  /** Once everything of a paused run is stopped. @returns who could not be stopped */
  async frozen(): Promise<readonly Survivor[]> {
    return this.isPaused && this.main !== null ? this.#family.freeze() : [];
  }

  /** Once everything that is stopped goes on. */
  async thawed(): Promise<void> {
    if (!this.isPaused && this.main !== null) await this.#family.thaw();
  }

  /** SIGKILL from here on, for a stop under way. */
  killNow(): void {
    this.#family.killNow();
  }

  /** Whether the main program has executed its own program, and is no longer one of those in between. */
  get isExecuting(): boolean {
    const { main } = this;
    if (main === null) return false;
    try {
      return !isStillStarting(readFileSync(`/proc/${main.pid}/cmdline`, 'latin1'), this.#around.tools);
    } catch {
      return false;
    }
  }

  /**
   * Waits until something holds of this process; it is asked after every change.
   *
   * @returns false when `signal` came first
   */
  until(holds: () => boolean, signal?: AbortSignal): Promise<boolean> {
    return this.#waiters.until(holds, signal);
  }

  /**
   * Writes the status.
   *
   * @throws ProcctlError ERR_DISK with `sync`, when it cannot be written
   */
  save({ sync = false }: { readonly sync?: boolean } = {}): void {
    this.#status.save({ sync });
  }

  /** Takes the process off the disk; it must be at rest. @throws the system's error, nothing being changed then */
  remove(): void {
    this.directory.remove();
    const input = this.spec.batch?.input ?? null;
    if (input !== null) removeBatchInput(this.#around.batches, input);
    this.#close();
  }

  /** Lets go of everything without ending anything: the daemon goes, the process stays. */
  letGo(): void {
    this.#status.saveIfDue();
    this.#close();
  }

  #close(): void {
    this.#isClosed = true;
    this.#wake?.cancel();
    clearTimeout(this.#orphanTimer);
    this.#shim.close();
    this.#status.close();
    this.#waiters.close();
  }
}
