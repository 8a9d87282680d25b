import { Orders } from '../../core/calls/orders.ts';
import { type LostWorker, PoolClosedError } from '../../errors.ts';
import type { PoolWorkerStart, TargetOnWire } from '../../protocol/worker-frames.ts';
import type { Call, CallSource, Failure, KnownTarget } from './call.ts';
import { CrewMember, type Loss } from './crew-member.ts';
import { KnownTargets } from './known-targets.ts';
import type { Counts, Workforce } from './workforce.ts';

export interface CrewOptions {
  readonly size: number;
  /** Calls after which a worker is replaced. */
  readonly maxTasksPerChild: number | undefined;
  /** Resident memory with which a worker is replaced once it is done with what it has. */
  readonly maxMemoryBytes: number | undefined;
  /** What the next worker is told first. */
  readonly start: () => PoolWorkerStart;
}

/** Workers that end before they are ready, or die while they load one function, in a row. */
const MAX_FUTILE = 3;
/** One message to work on, and one to go on with. */
const MESSAGES = 2;
/** A call that takes longer than this is not short, whatever was thought; others that wait behind it are taken back. */
const WATCH_MS = 5;
/** When the system has no process for a worker now, it is asked again after so long. */
const REFILL_MS = 1_000;
/** From SIGTERM to SIGKILL. */
const TERMINATE_MS = 1_000;

/** Why no worker can be had. */
export interface CannotStart {
  /** What the initializer threw, encoded; undefined when the worker just died. */
  readonly encodedError: Buffer | undefined;
  readonly worker: LostWorker;
}

/** The workers of a pool, and who does what. */
export class Crew implements Workforce {
  readonly counts: Counts = { completed: 0, lostWorkers: 0, started: 0 };
  readonly #options: CrewOptions;
  readonly #cannotStart: (why: CannotStart) => unknown;
  readonly #orders = new Orders<Call, CallSource>();
  readonly #targets = new KnownTargets();
  readonly #members = new Set<CrewMember>();
  #unready = 0;
  #futile = 0;
  #encodedError: Buffer | undefined;
  #isScheduled = false;
  #watch: NodeJS.Timeout | undefined;
  #isRef = true;
  #state: 'open' | 'closing' | 'terminated' = 'open';
  #joining: (() => void)[] = [];

  /** @param cannotStart makes the error for calls, when three workers in a row have ended before they were ready */
  constructor(options: CrewOptions, cannotStart: (why: CannotStart) => unknown) {
    this.#options = options;
    this.#cannotStart = cannotStart;
    try {
      this.#fill();
    } catch (error) {
      this.terminate();
      throw error;
    }
    this.#setRef();
  }

  get members(): readonly CrewMember[] {
    return [...this.#members];
  }

  get running(): number {
    return this.members.reduce((sum, { owed }) => sum + owed, 0);
  }

  /** Calls that no worker has; not those of sources, which nobody has counted. */
  get queued(): number {
    return this.#orders.waiting;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** @param key the same for the same function */
  know(key: string, target: TargetOnWire): KnownTarget {
    return this.#targets.get(key, target);
  }

  submit(call: Call): void {
    this.#orders.push(call);
    this.#schedule();
  }

  /** Calls are taken from it until it is removed. */
  addSource(source: CallSource): void {
    this.#orders.addSource(source);
    this.#schedule();
  }

  removeSource(source: CallSource): void {
    this.#orders.removeSource(source);
    this.#schedule();
  }

  /** A source has something again. */
  wake(): void {
    this.#schedule();
  }

  /** Takes back a call that waits, or ends the worker that has it; the call is answered by that. */
  cancel(call: Call, error: unknown): void {
    if (this.#orders.remove(call)) {
      call.onFailure({ kind: 'rejected', error });
      this.#setRef();
      return;
    }
    for (const member of this.#members) if (member.only === call) member.kill();
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#schedule();
  }

  /** Ends all, and answers every call with `PoolClosedError`. */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    clearInterval(this.#watch);
    this.#rejectWaiting(new PoolClosedError('the pool was terminated'));
    for (const member of this.#members) member.terminate();
    const timer = setTimeout(() => {
      for (const member of this.#members) member.kill();
    }, TERMINATE_MS);
    void this.ended().then(() => clearTimeout(timer));
    this.#setRef();
  }

  /** Resolves when every worker has ended. */
  ended(): Promise<void> {
    if (this.#members.size === 0 && this.#state !== 'open' && this.#orders.isEmpty) return Promise.resolve();
    // Nobody can be told to go on by reading results once all wait for the end.
    for (const source of this.#orders.sources) source.openWide();
    this.#schedule();
    return new Promise((resolve) => {
      this.#joining.push(resolve);
      this.#setRef();
    });
  }

  /** As many workers as there should be, or fewer where that many are futile. */
  #fill(): void {
    if (this.#state !== 'open' && this.#orders.isEmpty) return;
    if (this.#state === 'terminated' || this.#futile >= MAX_FUTILE) return;
    const staying = [...this.#members].filter(({ isLeaving }) => !isLeaving).length;
    for (let missing = this.#options.size - staying; missing > 0; missing -= 1) this.#startMember();
  }

  #startMember(): void {
    const member: CrewMember = new CrewMember(this.#options.start(), {
      onReady: () => {
        this.#unready -= 1;
        this.#futile = 0;
        this.#schedule();
      },
      onAnswered: (calls) => {
        for (const { weight } of calls) this.counts.completed += weight;
      },
      onResults: (calls, elapsedMs, memoryBytes) => this.#onResults(member, calls, elapsedMs, memoryBytes),
      onGaveBack: (calls) => {
        this.#orders.putBack(calls);
        this.#schedule();
      },
      onCannotStart: (encodedError) => {
        this.#encodedError = encodedError;
      },
      onEnd: (loss) => this.#onEnd(member, loss),
    });
    this.#unready += 1;
    this.counts.started += 1;
    member.ref(this.#isRef);
    this.#members.add(member);
  }

  /** All that is submitted in one turn is looked at together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#state === 'terminated') return;
    if (!this.#orders.isEmpty && this.#members.size === 0) {
      this.#futile = 0;
      this.#tryFill();
    }
    // Those who have nothing to do come first.
    for (let messages = 0; messages < MESSAGES; messages += 1) {
      for (const member of this.#members) {
        if (this.#orders.isEmpty) break;
        if (!member.isReady || member.isLeaving || member.messages !== messages) continue;
        const calls = this.#next(messages > 0, member);
        if (calls.length > 0) this.#give(member, calls);
      }
    }
    if (this.#state === 'closing' && this.#orders.isEmpty) for (const member of this.#members) member.leave();
    this.#watchTheSlow();
    this.#setRef();
    this.#settleJoins();
  }

  /**
   * It is looked whether workers get on as long as one may keep back results of calls that were sent together, or one has calls ahead
   * that somebody else could make. While all are busy with long ones there is nothing to look for.
   */
  #watchTheSlow(): void {
    let isNeeded = false;
    let isAhead = false;
    for (const { keepsResults, messages } of this.#members) {
      isNeeded ||= keepsResults;
      isAhead ||= messages > 1;
    }
    isNeeded ||= isAhead && this.#isAnybodyFree;
    if (isNeeded && this.#watch === undefined) {
      for (const member of this.#members) member.look();
      this.#watch = setInterval(() => this.#lookAfterAll(), WATCH_MS);
    }
    if (isNeeded || this.#watch === undefined) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** Whether there is somebody with nothing to do, and nothing to give. */
  get #isAnybodyFree(): boolean {
    if (!this.#orders.isEmpty) return false;
    for (const { isReady, isLeaving, messages } of this.#members) {
      if (isReady && !isLeaving && messages === 0) return true;
    }
    return false;
  }

  #lookAfterAll(): void {
    const isAnybodyFree = this.#isAnybodyFree;
    for (const member of this.#members) {
      const calls = member.lookAfter(isAnybodyFree);
      if (calls.length > 0) this.#orders.putBack(calls);
    }
    this.#dispatch();
  }

  #tryFill(): void {
    try {
      this.#fill();
    } catch (error) {
      if (this.#members.size === 0) this.#rejectWaiting(error);
      else setTimeout(() => this.#tryFill(), REFILL_MS).unref();
    }
  }

  #give(member: CrewMember, calls: readonly Call[]): void {
    member.give(calls);
    const { maxTasksPerChild } = this.#options;
    if (maxTasksPerChild === undefined || member.given < maxTasksPerChild) return;
    member.leave();
    this.#tryFill();
  }

  /**
   * What a worker gets next.
   *
   * @param isBusy whether it would have to wait for others: then only short calls, after short ones; or one that is not too long,
   *   as long as so many wait that nobody else could make it sooner (if somebody can after all, it is taken back)
   */
  #next(isBusy: boolean, member: CrewMember): readonly Call[] {
    if (isBusy && !member.isShort) return member.isSentAhead ? this.#nextAhead() : [];
    const room = (this.#options.maxTasksPerChild ?? Number.POSITIVE_INFINITY) - member.given;
    const source = this.#orders.source();
    if (source !== undefined) return this.#fromSource(source, isBusy, room);
    const waiting = this.#orders.peek();
    if (waiting === undefined) return [];
    const isAlone = ({ target, isAlone }: Call): boolean => isAlone || target.pace.isLong;
    if (isAlone(waiting)) return isBusy ? [] : [this.#orders.shift() as Call];
    return this.#batch(waiting, room, isAlone);
  }

  /** A call for somebody who is at one of its kind. */
  #nextAhead(): readonly Call[] {
    const waiting = this.#orders.peek();
    const source = this.#orders.source();
    const target = source?.target ?? waiting?.target;
    const left = source?.left ?? this.#orders.waiting;
    const isAhead = target?.pace.isLong && target.pace.isSentAhead && left > this.#options.size;
    if (!isAhead || (source === undefined && waiting?.isAlone)) return [];
    if (source === undefined) return [this.#orders.shift() as Call];
    const call = source.isAlone ? undefined : source.take(1);
    return call === undefined ? [] : [call];
  }

  #batch(first: Call, room: number, isAlone: (call: Call) => boolean): readonly Call[] {
    // Each worker should get about as much of what is left, twice.
    const share = Math.ceil(this.#orders.waiting / (this.#options.size * MESSAGES));
    const most = Math.min(first.target.pace.batch, Math.max(1, share), room);
    const calls: Call[] = [];
    for (let call: Call | undefined = first; calls.length < most && call !== undefined; call = this.#orders.peek()) {
      if (isAlone(call) || (call.weight > 1 && calls.length > 0)) break;
      if (call.priority !== first.priority) break;
      calls.push(this.#orders.shift() as Call);
      if (call.weight > 1) break;
    }
    return calls;
  }

  #fromSource(source: CallSource, isBusy: boolean, room: number): readonly Call[] {
    const { pace } = source.target;
    if (isBusy && (pace.isLong || source.isAlone)) return [];
    const share = Math.ceil(source.left / (this.#options.size * MESSAGES));
    const call = this.#orders.takeFrom(source, Math.max(1, Math.min(pace.batch, share, room)));
    return call === undefined ? [] : [call];
  }

  #onResults(member: CrewMember, calls: readonly Call[], elapsedMs: number, memoryBytes: number): void {
    const weight = calls.reduce((sum, call) => sum + call.weight, 0);
    const first = calls[0];
    if (first !== undefined) {
      first.target.lostLoading = 0;
      if (calls.every(({ target }) => target === first.target)) first.target.pace.learn(Math.max(1, weight), elapsedMs);
    }
    const { maxMemoryBytes } = this.#options;
    if (maxMemoryBytes !== undefined && memoryBytes > maxMemoryBytes) {
      member.leave();
      this.#tryFill();
    }
    this.#schedule();
  }

  #onEnd(member: CrewMember, { worker, saidRubbish, running, loading, left }: Loss): void {
    this.#members.delete(member);
    if (!member.isReady) this.#unready -= 1;
    const failure: Failure =
      this.#state === 'terminated'
        ? { kind: 'rejected', error: new PoolClosedError('the pool was terminated') }
        : { kind: 'lost', worker, saidRubbish };
    running?.onFailure(failure);
    const again = loading === undefined ? left : this.#lostLoading(loading, worker) ? [loading, ...left] : left;
    if (this.#state === 'terminated') for (const call of again) call.onFailure(failure);
    else this.#orders.putBack(again);
    if (running !== undefined || loading !== undefined) this.counts.lostWorkers += 1;
    if (!member.isReady && this.#state !== 'terminated') this.#onFutile(worker);
    this.#tryFill();
    this.#schedule();
    this.#settleJoins();
  }

  /** @returns whether another worker is to try */
  #lostLoading(call: Call, worker: LostWorker): boolean {
    call.target.lostLoading += 1;
    if (call.target.lostLoading < MAX_FUTILE) return true;
    call.target.lostLoading = 0;
    call.onFailure({ kind: 'unloadable', worker });
    return false;
  }

  #onFutile(worker: LostWorker): void {
    this.#futile += 1;
    if (this.#futile < MAX_FUTILE || [...this.#members].some(({ isReady }) => isReady)) return;
    this.#rejectWaiting(this.#cannotStart({ encodedError: this.#encodedError, worker }));
  }

  #rejectWaiting(error: unknown): void {
    const { items, sources } = this.#orders.drain();
    for (const call of items) call.onFailure({ kind: 'rejected', error });
    for (const source of sources) source.fail(error);
  }

  #settleJoins(): void {
    if (this.#members.size > 0 || this.#state === 'open') return;
    if (this.#state === 'closing' && !this.#orders.isEmpty) return;
    for (const resolve of this.#joining.splice(0)) resolve();
  }

  /** The program lives as long as there is work, or somebody waits for the end; idle workers do not keep it. */
  #setRef(): void {
    const isRef =
      this.#orders.waiting > 0 ||
      this.#joining.length > 0 ||
      [...this.#orders.sources].some(({ isWaiting }) => !isWaiting) ||
      [...this.#members].some(({ messages }) => messages > 0);
    if (isRef === this.#isRef) return;
    this.#isRef = isRef;
    for (const member of this.#members) member.ref(isRef);
  }
}
