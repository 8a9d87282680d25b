import type { EndMode } from '../../core/pool/events.ts';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import { KILL_AT_ONCE } from '../../core/pool/term-sequence.ts';
import { FROM_WORKER, TO_WORKER } from '../../protocol/worker-frames.ts';
import { endFamily, type FamilyEnd } from '../family/end-family.ts';
import { type FamilyQuery, findFamily } from '../family/family.ts';
import type { ProcInfo } from '../family/proc.ts';
import type { Ending } from '../workers/hosted-process.ts';
import { type FunctionAttempt, ticksAt } from './attempt.ts';
import { functionCall } from './function-call.ts';
import { answerOf, isAnswer, outcomeOfEnding } from './function-outcome.ts';
import { identityOf, type LaneContext } from './lane-context.ts';
import { addNiceness } from './niceness.ts';
import { PipedWorker } from './piped-worker.ts';

/** Most calls end before; what one writes that lives longer is passed on as it comes. */
const FOLLOW_AFTER_MS = 10;

const SEEN_MS = 50;
/** What comes sooner after one call belongs to it as well as to the next. */
const DRAINED_MS = 2;

const DISMISS_MS = 1_000;
/** A worker whose channel has closed is about to end, or else has lost it and will never answer. */
const SILENT_MS = 1_000;

/** For its messages, and the names of its files and of its worker. */
export interface FunctionLaneNumbers {
  /** Among all lanes. */
  readonly lane: number;
  /** Among the workers: `PoolWorker-2`. */
  readonly worker: number;
}

export interface FunctionLaneEvents {
  /** There is no worker to be had; the attempt may be taken back. */
  onUnavailable(error: Error): void;
  /** Its worker has died before it began with the attempt; likewise. */
  onStale(): void;
  onStarted(pid: number): void;
  /** Bytes that came when no task was at work. */
  onDropped(bytes: number): void;
}

interface Current {
  readonly attempt: FunctionAttempt;
  readonly onFree: () => void;
  readonly token: string;
  /** On the clock of performance.now(). */
  readonly begunAt: number;
  /** The worker has it in hand. */
  hasBegun: boolean;
  outcome: AttemptOutcome | undefined;
  family: FamilyEnd | undefined;
  isFamilyGone: boolean;
  follow: NodeJS.Timeout | undefined;
}

/**
 * One place where functions are called: a worker that lives from its first call to the end of the pool, unless a task ends
 * it. One attempt at a time; for those who use it, the same as a `Lane`.
 */
export class FunctionLane {
  readonly #context: LaneContext;
  readonly #numbers: FunctionLaneNumbers;
  readonly #events: FunctionLaneEvents;
  #worker: PipedWorker | undefined;
  #current: Current | undefined;
  /** When its pipes were looked at, and when they were emptied last. */
  #seenAt = 0;
  #drainedAt = 0;
  #isSpent = false;
  #isPaused = false;
  #hasServed = false;
  #silence: NodeJS.Timeout | undefined;
  /** It was killed since it had lost its channel. */
  #wasSilent = false;
  /** Modules that could not be loaded: Node remembers that of them, so another try needs another worker. */
  readonly #unloadable = new Set<string>();
  #gone: Promise<void> = Promise.resolve();
  #hasEnded = (): void => {};

  constructor(context: LaneContext, numbers: FunctionLaneNumbers, events: FunctionLaneEvents) {
    this.#context = context;
    this.#numbers = numbers;
    this.#events = events;
  }

  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Whether it can take this attempt. */
  isFitFor({ task, attempt }: FunctionAttempt): boolean {
    if (this.#isSpent || this.#isCleared()) return false;
    return attempt === 1 || !this.#unloadable.has(task.command.module);
  }

  /** Whether somebody has cleared TMPDIR. What its worker writes comes through nevertheless, so it need not be asked each time. */
  #isCleared(): boolean {
    const now = performance.now();
    if (this.#worker === undefined || now - this.#seenAt < SEEN_MS) return false;
    this.#seenAt = now;
    return this.#worker.isRemoved;
  }

  get attemptPid(): number | undefined {
    return this.#current === undefined ? undefined : this.#worker?.hosted.pid;
  }

  /** As that of `Lane`. */
  run(attempt: FunctionAttempt, onFree: () => void): void {
    const { task } = attempt;
    const token = `${task.seq}.${attempt.attempt}`;
    const call = functionCall(task.command, this.#context.directory, identityOf(this.#context, attempt, token));
    if (!('refusal' in call)) this.#prepare();
    const current: Current = {
      attempt,
      onFree,
      token,
      begunAt: performance.now(),
      hasBegun: false,
      outcome: undefined,
      family: undefined,
      isFamilyGone: false,
      follow: undefined,
    };
    this.#current = current;
    if ('refusal' in call) {
      current.outcome = call.refusal;
      queueMicrotask(() => this.#settle(current, call.refusal));
      return;
    }
    if (this.#worker === undefined) return;
    this.#worker.hosted.send(TO_WORKER.task, call.body);
    current.follow = setTimeout(() => this.#worker?.follow(this.#isPaused), FOLLOW_AFTER_MS);
  }

  takeBack(): void {
    clearTimeout(this.#current?.follow);
    this.#current = undefined;
  }

  /** As that of `Lane`. */
  get familyQuery(): FamilyQuery | undefined {
    const current = this.#current;
    const pid = this.#worker?.hosted.pid;
    return current === undefined || pid === undefined ? undefined : this.#query(current, pid);
  }

  #query({ token, begunAt }: Current, pid: number): FamilyQuery {
    const { poolMark } = this.#context;
    return {
      mark: `${poolMark}${token}/`,
      poolMark,
      shell: undefined,
      leader: pid,
      session: pid,
      sinceTicks: ticksAt(begunAt),
    };
  }

  /** Ends the worker, and all that its task has started: as the pool's sequence has it, or by SIGKILL at once. */
  end(mode: EndMode): void {
    const current = this.#current;
    const pid = this.#worker?.hosted.pid;
    if (current === undefined || pid === undefined || current.outcome !== undefined) return;
    if (current.family !== undefined) {
      if (mode === 'now') current.family.now();
      return;
    }
    this.#isSpent = true;
    const { ending = this.#context.ending } = current.attempt;
    const query = this.#query(current, pid);
    const find = (): ProcInfo[] => findFamily(query);
    const sequence = mode === 'now' ? KILL_AT_ONCE : ending;
    current.family = endFamily({ find, isOver: () => current.outcome !== undefined, sequence });
    void current.family.survivors.then((survivors) => this.#familyEnded(current, survivors));
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (this.#current !== undefined) this.#worker?.setPaused(isPaused);
  }

  /** Lets the worker go. Who still holds its pipes is read on, into nothing, until `close`. */
  retire(onDropped: (bytes: number) => void): void {
    this.#isSpent = true;
    this.#worker?.abandon(onDropped);
    this.#dismiss();
  }

  get hasGone(): Promise<void> {
    return this.#gone;
  }

  /** Gives everything back; no attempt may be running. */
  async close(): Promise<void> {
    this.#isSpent = true;
    // It may wait for room in a pipe.
    this.#worker?.follow(false);
    this.#dismiss();
    await this.#gone;
    this.#worker?.closePipes();
    this.#worker = undefined;
  }

  /** Has a worker, and nothing in its pipes. */
  #prepare(): void {
    if (this.#worker === undefined) this.#start();
    else if (performance.now() - this.#drainedAt > DRAINED_MS) this.#worker.finish();
  }

  #start(): void {
    const { runDirectory, directory, env, markPrefix, nice } = this.#context;
    const { lane, worker: number } = this.#numbers;
    const path = (name: string): string => `${runDirectory}/${lane}.${name}`;
    const parent = { name: 'MainProcess', pid: process.pid };
    try {
      this.#worker = new PipedWorker(
        {
          paths: { stdout: path('stdout'), stderr: path('stderr') },
          directory,
          env: { ...env, PROCCTL_MARK: `${markPrefix}0.0/` },
          identity: { name: `PoolWorker-${number}`, path: [number], daemon: true, parent },
          onOutput: (stream, chunk) => this.#output(stream, chunk),
        },
        {
          onFrame: (type, body) => this.#onFrame(type, body),
          onSilent: () => this.#onSilent(),
          onEnd: (ending) => this.#onEnd(ending),
        },
      );
      addNiceness(this.#worker.hosted.pid, nice);
    } catch (error) {
      this.#isSpent = true;
      queueMicrotask(() => this.#events.onUnavailable(error as Error));
      return;
    }
    this.#gone = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
    this.#events.onStarted(this.#worker.hosted.pid);
  }

  #output(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (this.#current === undefined) this.#events.onDropped(chunk.length);
    else this.#current.attempt.onData(stream, chunk);
  }

  /** @throws Error for what a worker does not say */
  #onFrame(type: number, body: Buffer): void {
    const current = this.#current;
    if (current === undefined || current.outcome !== undefined) throw new Error('out of turn');
    if (type === FROM_WORKER.ready && !current.hasBegun) {
      current.hasBegun = true;
      this.#hasServed = true;
    } else if (isAnswer(type)) {
      if (type === FROM_WORKER.cannotLoad) this.#unloadable.add(current.attempt.task.command.module);
      const { outcome, words } = answerOf(type, body, current.attempt.task.command.call !== undefined);
      if (words !== '') {
        // After all that the function has written.
        this.#worker?.finish();
        this.#output('stderr', Buffer.from(words));
      }
      this.#callEnded(current, outcome);
    } else {
      throw new Error('not for a task');
    }
  }

  #onSilent(): void {
    this.#isSpent = true;
    this.#silence = setTimeout(() => {
      this.#wasSilent = true;
      this.#worker?.hosted.kill('SIGKILL');
    }, SILENT_MS);
  }

  #onEnd(ending: Ending): void {
    clearTimeout(this.#silence);
    this.#isSpent = true;
    this.#hasEnded();
    const current = this.#current;
    if (current === undefined || current.outcome !== undefined) return;
    if (!current.hasBegun && this.#hasServed && current.family === undefined) this.#events.onStale();
    else this.#callEnded(current, outcomeOfEnding(ending, this.#wasSilent));
  }

  /** The call has ended; what it has started may have to follow, and its worker with it. */
  #callEnded(current: Current, outcome: AttemptOutcome): void {
    current.outcome = outcome;
    if (current.family === undefined || current.isFamilyGone) {
      this.#settle(current, outcome);
      return;
    }
    this.#dismiss();
    current.family.poke();
  }

  #familyEnded(current: Current, survivors: readonly ProcInfo[]): void {
    if (this.#current !== current) return;
    const names = survivors.map(({ pid, command }) => `${pid} (${command})`).join(', ');
    if (survivors.length > 0) {
      this.#settle(current, { kind: 'error', code: 'ERR_SURVIVORS', message: `could not be ended: pid ${names}` });
    } else if (current.outcome !== undefined) {
      this.#settle(current, current.outcome);
    } else {
      current.isFamilyGone = true;
    }
  }

  #settle(current: Current, outcome: AttemptOutcome): void {
    clearTimeout(current.follow);
    this.#worker?.finish();
    this.#drainedAt = performance.now();
    this.#current = undefined;
    current.onFree();
    current.attempt.onEnded(outcome);
  }

  /** Asks the worker to leave; one that does not (it is busy with what a task has left in it) is killed. */
  #dismiss(): void {
    const hosted = this.#worker?.hosted;
    if (hosted === undefined) return;
    hosted.send(TO_WORKER.end);
    const timer = setTimeout(() => hosted.kill('SIGKILL'), DISMISS_MS);
    void this.#gone.then(() => clearTimeout(timer));
  }
}
