import { mkdirSync } from 'node:fs';
import { ShortCalls } from '../../core/calls/short-calls.ts';
import type { EndMode } from '../../core/pool/events.ts';
import { findFamilies } from '../family/families.ts';
import type { FamilyQuery } from '../family/family.ts';
import type { ProcInfo } from '../family/proc.ts';
import { type Attempt, type FunctionAttempt, isFunctionAttempt, type ProgramAttempt } from './attempt.ts';
import type { FunctionLane } from './function-lane.ts';
import { Lane } from './lane.ts';
import type { LaneContext } from './lane-context.ts';

export interface LanesEvents {
  /** A shell or worker has been started, and nothing been given to it yet. */
  onMade?(): void;
  /** No more than `size` lanes can be had. */
  onShrunk(size: number, error: Error): void;
  /** Not a single lane can be had. */
  onFailed(error: Error): void;
}

type AnyLane = Lane | FunctionLane;

interface Retired {
  readonly lane: AnyLane;
  /** Drops at once what is in its pipes. */
  readonly drop: () => void;
}

/** The lanes of a pool, for programs and for functions: made when they are needed, used again, replaced when they are spent. */
export class Lanes {
  readonly #context: LaneContext;
  readonly #events: LanesEvents;
  readonly #maxRetired: number;
  readonly #maxLanes: number;
  readonly #idle: Lane[] = [];
  readonly #idleWorkers: FunctionLane[] = [];
  readonly #busy = new Map<number, { readonly lane: AnyLane; readonly attempt: Attempt }>();
  readonly #retired: Retired[] = [];
  /** Attempts for which there is no lane just now. */
  #pending: Attempt[] = [];
  /** Functions that came up in this turn of the event loop, and may wait for one another. */
  #gathered: FunctionAttempt[] = [];
  readonly #short = new ShortCalls<FunctionAttempt>(({ task }) => {
    const { module, exportName, call } = task.command;
    return `${exportName}\0${module}\0${call?.source ?? ''}`;
  });
  #made = 0;
  #madeWorkers = 0;
  /** Loaded for the first function: a pool without one has no use for it. */
  #FunctionLane: typeof FunctionLane | undefined;
  #isLoading = false;
  #limit = Number.POSITIVE_INFINITY;
  #isPaused = false;
  /** Sessions of all shells and workers there ever were: what is left behind is looked for in them. */
  readonly sessions = new Set<number>();
  #droppedBytes = 0;

  /**
   * @param maxRetired lanes whose pipes somebody still holds are read on; past this many, the oldest holder gets a
   *   broken pipe
   * @param maxLanes that there are descriptors for
   */
  constructor(context: LaneContext, maxRetired: number, maxLanes: number, events: LanesEvents) {
    this.#context = context;
    this.#maxLanes = maxLanes;
    this.#maxRetired = maxRetired;
    this.#events = events;
  }

  run(attempt: Attempt): void {
    if (!isFunctionAttempt(attempt)) {
      if (!this.#runProgram(attempt as ProgramAttempt)) this.#pending.push(attempt);
    } else if (attempt.mayWait === true) this.#gather(attempt);
    else this.#runFunctions([attempt]);
  }

  #runProgram(attempt: ProgramAttempt): boolean {
    const lane = this.#takeIdle() ?? this.#make();
    if (lane === undefined) return false;
    this.#busy.set(attempt.task.seq, { lane, attempt });
    lane.run(attempt, () => this.#free(attempt, lane));
    return true;
  }

  /** What comes up at a time is looked at together. */
  #gather(attempt: FunctionAttempt): void {
    this.#gathered.push(attempt);
    if (this.#gathered.length > 1) return;
    setImmediate(() => {
      const gathered = this.#gathered;
      this.#gathered = [];
      for (const attempts of this.#short.batchesOf(gathered)) this.#runFunctions(attempts);
    });
  }

  /** @param attempts more than one only where all may wait for those before them */
  #runFunctions(attempts: readonly FunctionAttempt[]): void {
    if (this.#FunctionLane === undefined) void this.#loadFunctionLane();
    const first = attempts[0];
    if (first === undefined) return;
    const lane = this.#FunctionLane && (this.#takeIdleWorker(first) ?? this.#makeWorker(this.#FunctionLane));
    if (lane === undefined) {
      this.#pending.push(...attempts);
      return;
    }
    for (const attempt of attempts) this.#busy.set(attempt.task.seq, { lane, attempt });
    lane.run(attempts, (attempt) => this.#freeWorker(attempt, lane));
  }

  #free({ task }: Attempt, lane: Lane): void {
    this.#busy.delete(task.seq);
    lane.setPaused(this.#isPaused);
    if (lane.isSpent) this.#retire(lane);
    else this.#idle.push(lane);
    this.#runPending();
  }

  #freeWorker({ task }: Attempt, lane: FunctionLane): void {
    this.#busy.delete(task.seq);
    if (this.#restWorker(lane)) this.#runPending();
  }

  /** @returns whether it has nothing to do */
  #restWorker(lane: FunctionLane): boolean {
    if (!lane.isFree) return false;
    lane.setPaused(this.#isPaused);
    if (lane.isSpent) this.#retire(lane);
    else this.#idleWorkers.push(lane);
    return true;
  }

  async #loadFunctionLane(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      this.#FunctionLane = (await import('./function-lane.lazy.ts')).FunctionLane;
    } catch (error) {
      this.#events.onFailed(error as Error);
      return;
    }
    for (const attempt of this.#pending.splice(0)) this.run(attempt);
  }

  /** A lane has become free (or may be made): whoever waits for one goes first. */
  #runPending(): void {
    const next = this.#pending.shift();
    if (next === undefined) return;
    // It has waited, and is not to wait for others once more.
    if (isFunctionAttempt(next)) this.#runFunctions([next]);
    else this.run(next);
  }

  end(seq: number, mode: EndMode): void {
    const busy = this.#busy.get(seq);
    if (busy !== undefined) {
      busy.lane.end(mode, seq);
      return;
    }
    const pending = [...this.#pending, ...this.#gathered].find(({ task }) => task.seq === seq);
    if (pending === undefined) return;
    this.#pending = this.#pending.filter((attempt) => attempt !== pending);
    this.#gathered = this.#gathered.filter((attempt) => attempt !== pending);
    queueMicrotask(() =>
      pending.onEnded({ kind: 'error', code: 'ERR_NOT_STARTED', message: 'ended before it started' }),
    );
  }

  /** The processes of the tasks at work, by their positions in the input. */
  families(): ReadonlyMap<number, readonly ProcInfo[]> {
    const queries = new Map<number, FamilyQuery>();
    for (const [seq, { lane }] of this.#busy) {
      const query = lane.familyQuery(seq);
      if (query !== undefined) queries.set(seq, query);
    }
    return findFamilies(queries);
  }

  /** pid of what a task is running at this moment. */
  pidOf(seq: number): number | undefined {
    return this.#busy.get(seq)?.lane.attemptPid;
  }

  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    for (const { lane } of this.#busy.values()) lane.setPaused(isPaused);
    for (const lane of [...this.#idle, ...this.#idleWorkers]) lane.setPaused(isPaused);
  }

  /** The same for one attempt, until it has ended. */
  setPausedOf(seq: number, isPaused: boolean): void {
    this.#busy.get(seq)?.lane.setPaused(isPaused || this.#isPaused);
  }

  /** Whether all there is are shells that have nothing to do: none of them will start anything any more. */
  get areIdleShells(): boolean {
    return this.#busy.size + this.#idleWorkers.length + this.#retired.length === 0;
  }

  /** Lets all shells and workers go; no attempt may be running. Pipes that are still held are read on. */
  async rest(): Promise<void> {
    // What a function has started may hold the pipes of its worker, as nobody holds those of an idle shell.
    for (const lane of this.#idleWorkers.splice(0)) this.#retire(lane);
    await Promise.all(this.#idle.splice(0).map((lane) => lane.close()));
    await Promise.all(this.#retired.map(({ lane }) => lane.hasGone));
  }

  /** Bytes written so far by processes after their task had ended. */
  countDropped(): number {
    for (const { drop } of this.#retired) drop();
    return this.#droppedBytes;
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    await this.rest();
    await Promise.all(this.#retired.splice(0).map(({ lane }) => lane.close()));
  }

  readonly #onDropped = (bytes: number): void => {
    this.#droppedBytes += bytes;
  };

  #takeIdle(): Lane | undefined {
    for (let lane = this.#idle.pop(); lane !== undefined; lane = this.#idle.pop()) {
      if (lane.isFit) return lane;
      // Its shell has died while nothing ran, or somebody has cleared TMPDIR.
      this.#retire(lane);
    }
    return undefined;
  }

  #takeIdleWorker(attempt: FunctionAttempt): FunctionLane | undefined {
    // The one that has made most: an engine takes thousands of calls to become quick, and by turns none of them would.
    let best: FunctionLane | undefined;
    for (const lane of this.#idleWorkers) {
      if ((best === undefined || lane.taskCount > best.taskCount) && lane.isFitFor(attempt)) best = lane;
    }
    if (best !== undefined) {
      this.#idleWorkers.splice(this.#idleWorkers.indexOf(best), 1);
      return best;
    }
    // One that is spent, or of no use for this attempt, makes room for another.
    const unfit = this.#idleWorkers.pop();
    if (unfit !== undefined) this.#retire(unfit);
    return undefined;
  }

  get #usable(): number {
    const busy = new Set([...this.#busy.values()].map(({ lane }) => lane));
    return busy.size + this.#idle.length + this.#idleWorkers.length;
  }

  /** Whether there may be one more; if not, an idle one of the other kind is let go, and then who waits is tried again. */
  #mayMake(others: AnyLane[]): boolean {
    if (this.#usable < Math.min(this.#limit, this.#maxLanes)) return true;
    void others
      .pop()
      ?.close()
      .then(() => this.#runPending());
    return false;
  }

  #prepareDirectory(): void {
    try {
      // As a rule it is there; a task may have cleared TMPDIR.
      mkdirSync(this.#context.runDirectory, { recursive: true, mode: 0o700 });
    } catch {
      // Who makes a pipe there will say why.
    }
  }

  #makeWorker(Constructor: typeof FunctionLane): FunctionLane | undefined {
    if (!this.#mayMake(this.#idle)) return undefined;
    this.#made += 1;
    this.#madeWorkers += 1;
    this.#prepareDirectory();
    const numbers = { lane: this.#made, worker: this.#madeWorkers };
    const lane: FunctionLane = new Constructor(this.#context, numbers, {
      onUnavailable: (error) => this.#unavailable(lane, error),
      onStale: () => {
        const taken = this.#takeBack(lane);
        this.#retire(lane);
        for (let count = 0; count < taken; count += 1) this.#runPending();
      },
      onGaveBack: (attempts) => {
        for (const { task } of attempts) this.#busy.delete(task.seq);
        this.#restWorker(lane);
        for (const attempt of attempts) this.#runFunctions([attempt]);
      },
      onCalled: (attempt, elapsedMs) => {
        if (attempt.mayWait === true) this.#short.learn(attempt, elapsedMs);
      },
      onStarted: (pid) => this.sessions.add(pid),
      onDropped: this.#onDropped,
    });
    this.#events.onMade?.();
    lane.setPaused(this.#isPaused);
    return lane;
  }

  #make(): Lane | undefined {
    if (!this.#mayMake(this.#idleWorkers)) return undefined;
    this.#made += 1;
    this.#prepareDirectory();
    const lane: Lane = new Lane(this.#context, this.#made, (error) => this.#unavailable(lane, error));
    if (lane.shellPid !== undefined) this.sessions.add(lane.shellPid);
    this.#events.onMade?.();
    lane.setPaused(this.#isPaused);
    return lane;
  }

  #retire(lane: AnyLane): void {
    this.#retired.push({ lane, drop: lane.retire(this.#onDropped) });
    if (this.#retired.length > this.#maxRetired) void this.#retired.shift()?.lane.close();
  }

  /** Its attempts are the next that wait. @returns how many there are */
  #takeBack(lane: AnyLane): number {
    lane.takeBack();
    const taken: Attempt[] = [];
    for (const [seq, busy] of this.#busy) {
      if (busy.lane !== lane) continue;
      this.#busy.delete(seq);
      taken.push(busy.attempt);
    }
    this.#pending.unshift(...taken);
    return taken.length;
  }

  #unavailable(lane: AnyLane, error: Error): void {
    this.#takeBack(lane);
    // Spent, and of no use to anybody: its descriptors are needed.
    void lane.close();
    const usable = this.#usable;
    this.#limit = Math.max(1, usable);
    if (usable === 0) {
      this.#events.onFailed(error);
      return;
    }
    this.#events.onShrunk(usable, error);
    // Only idle lanes of the other kind are left: one of them has to give way.
    if (this.#busy.size === 0) this.#runPending();
  }
}
