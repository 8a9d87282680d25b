import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Life, LifeEffect, LifeEvent, MainProcess, ProcessRef } from '../../core/process/life.ts';
import { step } from '../../core/process/machine.ts';
import { ProcctlError } from '../../errors.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import type { ProcessStatus, ShimRef } from '../../protocol/process-status.ts';
import { outcomeText } from '../../protocol/process-view.ts';
import { isStillStarting, type ShimWord } from '../../protocol/shim-script.ts';
import { monotonicMs } from '../clock.ts';
import { endFamily, type FamilyEnd } from '../family/end-family.ts';
import { isSameAlive } from '../family/family.ts';
import {
  bootId,
  firstChild,
  type ProcInfo,
  parseProc,
  readEnviron,
  readProc,
  TICK_MS,
  uptimeMs,
} from '../family/proc.ts';
import { LogWriter } from '../logs/log-writer.ts';
import { type LongTimer, startLongTimer } from '../long-timer.ts';
import { ProcessDirectory } from './process-directory.ts';
import { ShimLink } from './shim-link.ts';
import type { Snapshot } from './snapshot.ts';
import type { Surroundings } from './surroundings.ts';
import { findTree } from './tree.ts';

/** How long a shim may take to say hello before the start counts as failed. */
const HELLO_PATIENCE_MS = 30_000;
/** How often a process whose shim was killed is looked at. */
const ORPHAN_POLL_MS = 500;
const SURVIVOR_POLL_MS = 1_000;
/** For how long after an end that was learnt at once the session of the run cannot be anybody else's. */
const SESSION_TRUST_MS = 1_000;

/** A process that could not be ended, as it is named in messages. */
export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

/** One supervised process: the only one to call its life-cycle machine, and to do what that says. */
export class Supervised {
  readonly spec: ProcessSpec;
  readonly directory: ProcessDirectory;
  readonly #around: Surroundings;
  #logs: LogWriter | undefined;
  readonly #seen: Map<number, ProcessRef>;
  readonly #waiters = new Set<() => void>();
  #life: Life;
  #shim: ShimRef | null;
  #generation: number;
  #link: ShimLink | undefined;
  #wake: LongTimer | undefined;
  #helloTimer: NodeJS.Timeout | undefined;
  #orphanTimer: NodeJS.Timeout | undefined;
  #familyEnd: FamilyEnd | undefined;
  #survivors: readonly Survivor[] = [];
  #killedCount = 0;
  /** The last run's main program, also once it has ended. */
  #main: MainProcess | null = null;
  #endLearntMs = Number.NEGATIVE_INFINITY;
  /** The run whose processes are in the cgroup: only for it an empty cgroup says that nobody is left. */
  #runInCgroup = 0;
  #isDirty = false;
  #isRemoved = false;
  /** A status that the disk did not take. */
  #saveError: unknown;

  constructor(around: Surroundings, spec: ProcessSpec, status: ProcessStatus) {
    this.#around = around;
    this.spec = spec;
    this.directory = new ProcessDirectory(around.processes, spec.id);
    this.#life = status.life;
    this.#shim = status.shim;
    this.#generation = status.generation;
    this.#seen = new Map(status.seen.map((ref) => [ref.pid, ref]));
    const { state } = status.life;
    if (state.tag === 'running' || state.tag === 'stopping') this.#main = state.main;
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

  get survivors(): readonly Survivor[] {
    return this.#survivors;
  }

  /** Members of the family that had to be killed in the last stop. */
  get killedCount(): number {
    return this.#killedCount;
  }

  get status(): ProcessStatus {
    return {
      life: this.#life,
      shim: this.#shim,
      generation: this.#generation,
      bootId: bootId(),
      seen: [...this.#seen.values()],
    };
  }

  /** Lets the machine decide about an event, keeps what it says on disk, and does it. */
  dispatch(event: LifeEvent): void {
    if (this.#isRemoved) return;
    const { life, effects } = step(this.#life, this.spec.policy, event);
    if (life === this.#life) return;
    const before = this.#life.state.tag;
    this.#life = life;
    const { state } = life;
    if (state.tag !== before) {
      this.#wake?.cancel();
      if (state.tag === 'running') this.#main = state.main;
      if (state.tag === 'ready') this.#main = null;
    }
    // What is to be started must be known to a daemon that takes over before it is there.
    if (effects.some(({ tag }) => tag === 'launch')) this.save();
    else this.#saveSoon();
    for (const effect of effects) this.#do(effect);
    if (state.tag === 'exited' || state.tag === 'failed') this.#rest();
    for (const waiter of [...this.#waiters]) waiter();
  }

  /**
   * Waits until something holds of this process; it is asked after every change.
   *
   * @returns false when `signal` came first
   */
  until(holds: () => boolean, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (value: boolean): void => {
        this.#waiters.delete(look);
        signal?.removeEventListener('abort', giveUp);
        resolve(value);
      };
      const look = (): void => {
        if (holds() || this.#isRemoved) finish(true);
      };
      const giveUp = (): void => finish(false);
      this.#waiters.add(look);
      signal?.addEventListener('abort', giveUp);
      if (signal?.aborted) giveUp();
      else look();
    });
  }

  /**
   * Writes the status.
   *
   * @throws ProcctlError ERR_DISK with `sync`, when it cannot be written
   */
  save({ sync = false }: { readonly sync?: boolean } = {}): void {
    this.#isDirty = false;
    if (this.#isRemoved) return;
    try {
      this.directory.writeStatus(this.status, { sync });
      this.#saveError = undefined;
    } catch (error) {
      if (this.#saveError === undefined)
        this.#around.say(`${this.spec.name}: its status cannot be saved: ${String(error)}`);
      this.#saveError = error;
      if (sync) {
        throw new ProcctlError(
          'ERR_DISK',
          `the state of ${this.spec.name} cannot be saved: ${(error as Error).message}`,
          {
            hint: 'make room on the disk; a daemon that starts anew would not know of this',
            cause: error,
          },
        );
      }
    }
  }

  #saveSoon(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    queueMicrotask(() => {
      if (this.#isDirty) this.save();
    });
  }

  /** Goes on where an earlier daemon was cut off, whatever it was doing. */
  async adopt(): Promise<void> {
    const { state } = this.#life;
    if (state.tag === 'waiting') {
      this.#do({ tag: 'wake', run: this.#life.run, afterMs: Math.max(0, state.dueMs - monotonicMs()) });
    }
    const shim = await this.#findShim();
    this.#shim = shim.tag === 'alive' ? { generation: this.#generation, ref: shim.ref } : null;
    const isAtRest = state.tag === 'exited' || state.tag === 'failed';
    if (shim.tag !== 'alive' && (isAtRest || state.tag === 'waiting')) return;
    this.#openLink();
    this.#link?.drainOutput();
    this.#link?.drainWords();
    const { main } = this;
    if (main !== null && this.#around.cgroups?.members(this.spec.id).has(main.pid)) this.#runInCgroup = this.#life.run;
    if (isAtRest) this.#rest();
    else if (shim.tag === 'alive') this.#adoptShim(shim.ref);
    else this.#adoptOrphan(shim.tag);
    this.#resumeStopping();
  }

  /**
   * Goes on although the status was lost: what is alive of the process is found by its mark, and its run taken from there. What
   * is not alive has come to rest; whether it should run, nobody knows any more.
   */
  async adoptUnknown(): Promise<void> {
    const shim = await this.#findShim();
    const leader = this.#findLeader(undefined);
    const run = leader === undefined ? 0 : this.#runOf(leader.pid);
    if (run > 0) {
      this.#life = { ...this.#life, run, wanted: 'up', state: { tag: 'ready', run } };
    } else {
      const outcome = { kind: 'unknown' as const, why: 'its status.json was damaged' };
      const ending = { run: 0, pid: null, outcome, startedAt: 0, exitedAt: null, uptimeMs: null };
      this.#life = { ...this.#life, history: [ending], state: { tag: 'exited', endedBy: 'self' } };
    }
    if (shim.tag === 'alive') this.#shim = { generation: this.#generation, ref: shim.ref };
    this.#openLink();
    this.#link?.drainOutput();
    if (run === 0) this.#rest();
    else if (shim.tag === 'alive') this.#adoptShim(shim.ref);
    else this.#adoptOrphan(shim.tag);
    this.save();
  }

  /** The run whose mark a process carries. */
  #runOf(pid: number): number {
    const mark = `/${this.#around.homeMark}.${this.spec.id}.`;
    const environ = readEnviron(pid);
    const at = environ.indexOf(mark);
    return at === -1 ? 0 : Number.parseInt(environ.slice(at + mark.length), 10) || 0;
  }

  /** The shim may have said something that the earlier daemon read, but did not live to keep. */
  #adoptShim(shim: ProcessRef): void {
    this.#link?.say('say');
    if (!this.#isStartUnknown()) return;
    const child = firstChild(shim.pid);
    const stat = child === undefined ? undefined : readProc(child);
    if (stat !== undefined) this.#started(this.#life.run, stat);
    else this.#link?.say(`go ${this.#life.run} ${this.#cgroup()}`.trimEnd());
  }

  #adoptOrphan(shim: 'dead' | 'never'): void {
    if (this.#isStartUnknown()) {
      const { run, state } = this.#life;
      const leader = shim === 'never' ? undefined : this.#findLeader(run);
      if (leader !== undefined) this.#started(run, leader);
      else if (shim === 'dead') this.#lost('its shim was killed');
      else if (state.tag === 'ready') this.#launch(run);
      else this.dispatch({ tag: 'startFailed', run, why: 'it was stopped first', atMs: monotonicMs() });
      if (leader === undefined) return;
    }
    this.#shimGone();
  }

  /** Whether a start was ordered, and nothing has been heard of it. */
  #isStartUnknown(): boolean {
    const { state } = this.#life;
    return state.tag === 'ready' || (state.tag === 'stopping' && state.main === null && state.ending === null);
  }

  #resumeStopping(): void {
    const { state } = this.#life;
    if (state.tag !== 'stopping' || this.#familyEnd !== undefined || state.isCleared) return;
    if (state.main !== null || state.ending !== null) {
      this.#do({ tag: 'end', run: state.run, what: state.ending === null ? 'all' : 'rest' });
    }
  }

  /**
   * The shim of the last generation. One that has not begun yet is ruled out, by taking its place (`never`); one that
   * has just begun is given a moment to say who it is.
   */
  async #findShim(): Promise<{ readonly tag: 'alive'; readonly ref: ProcessRef } | { readonly tag: 'dead' | 'never' }> {
    const known = this.#shim?.ref;
    if (known) return isSameAlive(known) ? { tag: 'alive', ref: known } : { tag: 'dead' };
    if (this.#generation === 0 || this.#claimGeneration()) return { tag: 'never' };
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const stat = this.#shimFile();
      if (stat !== '') {
        const { pid, startTicks } = parseProc(stat);
        return isSameAlive({ pid, startTicks }) ? { tag: 'alive', ref: { pid, startTicks } } : { tag: 'dead' };
      }
      await sleep(50);
    }
    return { tag: 'dead' };
  }

  #shimFile(): string {
    try {
      return readFileSync(this.directory.file(`shim.${this.#generation}`), 'latin1');
    } catch {
      return '';
    }
  }

  /** Takes a generation that its shim has not taken yet, so that it never will. */
  #claimGeneration(): boolean {
    try {
      closeSync(openSync(this.directory.file(`shim.${this.#generation}`), 'wx', 0o600));
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'EEXIST';
    }
  }

  /** The process that a run has begun with, by its mark and by leading a session. */
  #findLeader(run: number | undefined): ProcInfo | undefined {
    const mark = `/${this.#around.homeMark}.${this.spec.id}.${run === undefined ? '' : `${run}/`}`;
    const marked = this.#around.looker.now().markedBy(this.spec.id);
    return marked.find(({ pid, session }) => pid === session && readEnviron(pid).includes(mark));
  }

  #do(effect: LifeEffect): void {
    switch (effect.tag) {
      case 'launch':
        this.#launch(effect.run);
        return;
      case 'end':
        this.#end(effect.run, effect.what);
        return;
      case 'wake':
        this.#wake?.cancel();
        this.#wake = startLongTimer(effect.afterMs, () => this.dispatch({ tag: 'due', run: effect.run }));
        return;
      case 'note':
        this.#note(effect);
    }
  }

  #note(effect: Extract<LifeEffect, { tag: 'note' }>): void {
    const { id, name } = this.spec;
    if (effect.what === 'exited') {
      const { run, pid, outcome, uptimeMs: lived } = effect.ending;
      const why = outcome.kind === 'unknown' ? { unknown: outcome.why } : {};
      this.#around.events.add('exited', {
        id,
        name,
        run,
        pid,
        exitCode: outcome.kind === 'exited' ? outcome.exitCode : null,
        signal: outcome.kind === 'signaled' ? outcome.signal : null,
        ...why,
        uptimeMs: lived,
      });
    } else if (effect.what === 'restarting') {
      this.#around.events.add('restarting', { id, name, afterMs: effect.afterMs, restarts: effect.restarts });
    } else {
      this.#around.events.add('failed', { id, name, reason: effect.why });
    }
  }

  /** The cgroup for the run that is about to start, which is in it unless its shim says otherwise; '' for none. */
  #cgroup(): string {
    const path = this.#around.cgroups?.make(this.spec.id) ?? '';
    this.#runInCgroup = path === '' ? 0 : this.#life.run;
    return path;
  }

  #launch(run: number): void {
    this.#survivors = [];
    this.#killedCount = 0;
    if (this.#link?.say(`go ${run} ${this.#cgroup()}`.trimEnd())) {
      this.#expectStart(run);
      return;
    }
    this.#startFrom(this.#launchShim(run));
  }

  async #launchShim(run: number): Promise<void> {
    this.#closeLink();
    this.#generation += 1;
    this.#shim = { generation: this.#generation, ref: null };
    this.save();
    await this.#startShim(run);
  }

  /** Starts the shim of the current generation, which is on the disk already. */
  async #startShim(run: number): Promise<void> {
    await this.#around.launcher.makePipes(this.spec.id);
    if (this.#isRemoved) return;
    if (!this.#openLink()) throw new Error('its pipes cannot be opened');
    this.#cgroup();
    this.#around.launcher.up(this.spec.id, this.#generation, run);
    this.#expectStart(run);
  }

  /** Starts what was created with its first start ordered. */
  launchFirst(): void {
    this.#startFrom(this.#startShim(this.#life.run));
  }

  #startFrom(start: Promise<void>): void {
    const { run } = this.#life;
    start.catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.dispatch({ tag: 'startFailed', run, why, atMs: monotonicMs() });
    });
  }

  #expectStart(run: number): void {
    clearTimeout(this.#helloTimer);
    this.#helloTimer = setTimeout(() => {
      const ref = this.#shim?.ref;
      if (!this.#claimGeneration() && ref && isSameAlive(ref)) {
        this.#expectStart(run);
        return;
      }
      this.dispatch({ tag: 'startFailed', run, why: 'its shim did not start', atMs: monotonicMs() });
    }, HELLO_PATIENCE_MS).unref();
  }

  #openLink(): boolean {
    if (this.#link !== undefined) return true;
    try {
      const { user } = this.spec;
      if (user !== null) this.directory.giveOutput(user.uid, user.gid);
      this.#link = new ShimLink((name) => this.directory.file(name), {
        onWord: (word) => this.#onWord(word),
        onOutput: (stream, chunk) => this.#log().append(stream, chunk),
        onGone: () => this.#shimGone(),
      });
      return true;
    } catch {
      return false;
    }
  }

  #onWord(word: ShimWord): void {
    if (word.tag === 'hello') {
      if (word.generation !== this.#generation) return;
      const { pid, startTicks } = parseProc(word.stat);
      this.#shim = { generation: word.generation, ref: { pid, startTicks } };
      this.#saveSoon();
      return;
    }
    if (word.tag === 'outside') {
      if (word.run === this.#runInCgroup) this.#runInCgroup = 0;
      return;
    }
    clearTimeout(this.#helloTimer);
    if (word.tag === 'started') {
      this.#started(word.run, parseProc(word.stat));
      return;
    }
    const agoMs = Math.max(0, uptimeMs() - word.uptimeMs);
    this.#endLearntMs = agoMs < SESSION_TRUST_MS ? monotonicMs() : Number.NEGATIVE_INFINITY;
    this.dispatch({
      tag: 'exited',
      run: word.run,
      outcome: word.outcome,
      at: Math.round(Date.now() - agoMs),
      atMs: monotonicMs() - agoMs,
    });
  }

  #started(run: number, proc: Pick<ProcInfo, 'pid' | 'startTicks'>): void {
    if (run !== this.#life.run) return;
    clearTimeout(this.#helloTimer);
    const ageMs = Math.max(0, uptimeMs() - proc.startTicks * TICK_MS);
    const main: MainProcess = {
      pid: proc.pid,
      startTicks: proc.startTicks,
      startedAt: Math.round(Date.now() - ageMs),
      startedMs: monotonicMs() - ageMs,
    };
    this.#main = main;
    const { id, name } = this.spec;
    if (this.#life.state.tag === 'ready') this.#around.events.add('started', { id, name, run, pid: main.pid });
    this.dispatch({ tag: 'started', run, main });
  }

  /** The shim was killed: the process may live on, but how it ends nobody will know. */
  #shimGone(): void {
    if (this.#isRemoved) return;
    const { state } = this.#life;
    this.#shim = null;
    if (state.tag === 'exited' || state.tag === 'failed') return;
    if (state.tag === 'waiting') {
      this.#closeLink();
      return;
    }
    if (state.tag === 'stopping' && state.ending !== null) return;
    if (state.tag === 'ready') {
      this.#lost('its shim was killed');
      return;
    }
    this.#around.say(`${this.spec.name}: its shim is gone; how it ends cannot be known`);
    const watch = (): void => {
      const { main } = this;
      if (main === null) return;
      if (isSameAlive(main)) {
        this.#orphanTimer = setTimeout(watch, ORPHAN_POLL_MS);
        return;
      }
      this.#lost('its shim was killed');
    };
    clearTimeout(this.#orphanTimer);
    watch();
  }

  #lost(why: string): void {
    this.#link?.drainOutput();
    this.#closeLink();
    this.dispatch({
      tag: 'exited',
      run: this.#life.run,
      outcome: { kind: 'unknown', why },
      at: null,
      atMs: monotonicMs(),
    });
  }

  #closeLink(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  #log(): LogWriter {
    const { logMaxBytes: maxBytes, logKeep: keep } = this.spec;
    this.#logs ??= new LogWriter(this.directory.logs, { maxBytes, keep });
    return this.#logs;
  }

  #closeLog(): void {
    this.#logs?.close();
    this.#logs = undefined;
  }

  /** Everything of this process that is alive, its main program included. */
  tree(snapshot: Snapshot, { byMark }: { readonly byMark: boolean }): ProcInfo[] {
    const { main } = this;
    const isSessionOurs = main === null ? monotonicMs() - this.#endLearntMs < SESSION_TRUST_MS : isSameAlive(main);
    const shimPid = this.#shim?.ref?.pid;
    const tree = findTree(
      {
        markedBy: byMark ? this.spec.id : undefined,
        main: main ?? this.#main,
        isSessionOurs,
        seen: this.#seen.values(),
        // For `ps` alone, what is known by then is enough.
        inCgroup: (byMark ? this.#around.cgroups?.members(this.spec.id) : undefined) ?? [],
        excluded: new Set([process.pid, ...(shimPid === undefined ? [] : [shimPid])]),
      },
      snapshot,
    );
    this.#remember(tree);
    return tree;
  }

  #remember(tree: readonly ProcInfo[]): void {
    const fresh = tree.filter(({ pid, startTicks }) => this.#seen.get(pid)?.startTicks !== startTicks);
    if (fresh.length === 0 && this.#seen.size === tree.length) return;
    this.#seen.clear();
    for (const { pid, startTicks } of tree) this.#seen.set(pid, { pid, startTicks });
    this.#saveSoon();
  }

  /** Looks at what the process has started, so that it is known later; cheap where a cgroup knows it anyway. */
  sample(look: () => Snapshot): void {
    const { main } = this;
    if (main === null) return;
    if (this.#runInCgroup === this.#life.run) return;
    this.tree(look(), { byMark: true });
  }

  #end(run: number, what: 'all' | 'rest'): void {
    if (what === 'all') {
      this.#endTree(run, this.spec.stopTimeoutMs);
      return;
    }
    const isKnownEmpty = this.#runInCgroup === run && this.#around.cgroups?.isEmpty(this.spec.id) === true;
    if (isKnownEmpty) {
      // Not in the middle of the step that asked for it.
      queueMicrotask(() => this.#cleared(run));
      return;
    }
    void this.#around.looker.look().then((snapshot) => {
      const left = this.tree(snapshot, { byMark: true });
      if (left.length === 0) {
        this.#cleared(run);
        return;
      }
      const processes = left.map(({ pid, command }) => ({ pid, command }));
      this.#around.events.add('left-behind', { id: this.spec.id, name: this.spec.name, run, processes });
      this.#endTree(run, this.spec.stopTimeoutMs);
    });
  }

  #endTree(run: number, graceMs: number): void {
    if (this.#familyEnd !== undefined) return;
    const end = endFamily({
      find: async () => this.tree(await this.#around.looker.look(), { byMark: true }),
      isOver: () => true,
      graceMs,
      signal: this.spec.stopSignal as NodeJS.Signals,
      onKill: () => {
        this.#killedCount += 1;
      },
    });
    this.#familyEnd = end;
    void end.survivors.then((survivors) => {
      this.#familyEnd = undefined;
      if (survivors.length === 0) {
        this.#cleared(run);
        return;
      }
      this.#survivors = survivors.map(({ pid, command }) => ({ pid, command }));
      this.#around.events.add('survivors', { id: this.spec.id, name: this.spec.name, run, processes: this.#survivors });
      for (const waiter of [...this.#waiters]) waiter();
      setTimeout(() => {
        const { state } = this.#life;
        if (state.tag === 'stopping' && state.run === run) this.#endTree(run, 0);
      }, SURVIVOR_POLL_MS).unref();
    });
  }

  /** SIGKILL from here on, for a stop under way. */
  killNow(): void {
    this.#familyEnd?.now();
  }

  #cleared(run: number): void {
    this.#survivors = [];
    this.#link?.drainOutput();
    this.#logs?.endRun();
    if (this.#killedCount > 0) {
      this.#around.events.add('killed', { id: this.spec.id, name: this.spec.name, run, processes: this.#killedCount });
    }
    this.dispatch({ tag: 'cleared', run, atMs: monotonicMs() });
  }

  /** Nothing is to be started for now: the shim goes, the pipes are closed. */
  #rest(): void {
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#orphanTimer);
    this.#link?.drainOutput();
    if (this.#shim !== null) this.#link?.say(`bye ${this.#generation}`);
    this.#closeLink();
    this.#closeLog();
    this.#shim = null;
    this.#main = null;
    this.#seen.clear();
    this.#around.cgroups?.remove(this.spec.id);
    this.#saveSoon();
    const { state } = this.#life;
    if (state.tag === 'exited' && state.endedBy !== null && state.endedBy !== 'self') {
      const last = this.#life.history[0];
      const how = last === undefined ? {} : { outcome: outcomeText(last.outcome) };
      this.#around.events.add('stopped', { id: this.spec.id, name: this.spec.name, by: state.endedBy, ...how });
    }
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

  /** Forgets the process: it must be at rest. */
  remove(): void {
    this.#wake?.cancel();
    this.#isRemoved = true;
    this.#closeLink();
    this.#closeLog();
    this.directory.remove();
    for (const waiter of [...this.#waiters]) waiter();
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** Lets go of everything without ending anything: the daemon goes, the process stays. */
  letGo(): void {
    this.#wake?.cancel();
    clearTimeout(this.#orphanTimer);
    if (this.#isDirty) this.save();
    this.#closeLink();
    this.#closeLog();
    this.#isRemoved = true;
  }
}
