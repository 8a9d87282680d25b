import type { EndMode } from '../../core/pool/events.ts';
import type { AttemptError, AttemptOutcome } from '../../core/pool/outcome.ts';
import { KILL_AT_ONCE } from '../../core/pool/term-sequence.ts';
import { ANSWER_HEADER_BYTES, readAnswerHeader, readTasksBack, type TasksBack } from '../../protocol/task-frames.ts';
import { FROM_WORKER } from '../../protocol/worker-frames.ts';
import { endFamily } from '../family/end-family.ts';
import { type FamilyQuery, findFamily } from '../family/family.ts';
import type { ProcInfo } from '../family/proc.ts';
import type { Ending } from '../workers/hosted-process.ts';
import type { FunctionAttempt } from './attempt.ts';
import { DefinedFunctions } from './defined-functions.ts';
import { FunctionTargets, taskValue } from './function-call.ts';
import { answerOf, isAnswer, outcomeOfEnding } from './function-outcome.ts';
import { identityOf, type LaneContext } from './lane-context.ts';
import { familyQueryOf, type LaneItem, LaneItems, laneItemOf } from './lane-items.ts';
import { type FunctionLaneNumbers, LaneWorker } from './lane-worker.ts';

/** A worker that has not got on for so long is at a task that was thought to be short: those behind it are taken back. */
const STUCK_MS = 3;
/** A task that is to be ended has begun, though the one before it has not been heard of: that takes no longer than this. */
const SOON_MS = 1;
const MOST_TRIES = 100;

/** Of a worker that could not load more modules, another is taken for any that is tried again. */
const MOST_UNLOADABLE = 1_000;

export interface FunctionLaneEvents {
  /** There is no worker to be had; the attempts may be taken back. */
  onUnavailable(error: Error): void;
  /** Its worker has died before it began with any of the attempts; likewise. */
  onStale(): void;
  /** It has not begun with these, and never will. */
  onGaveBack(attempts: readonly FunctionAttempt[]): void;
  /** A call was answered. @param elapsedMs what it took */
  onCalled(attempt: FunctionAttempt, elapsedMs: number): void;
  onStarted(pid: number): void;
  /** Bytes that came when no task was at work. */
  onDropped(bytes: number): void;
}

const NOT_STARTED: AttemptError = { kind: 'error', code: 'ERR_NOT_STARTED', message: 'ended before it started' };

/**
 * One place where functions are called: a worker that lives from its first call to the end of the pool, unless a task ends
 * it. For those who use it, the same as a `Lane`; but it takes several attempts together, which its worker makes one after the other.
 * Behind one that takes longer than was thought nobody waits: it is looked whether the worker gets on, and what it has not
 * begun is given back.
 */
export class FunctionLane {
  readonly #context: LaneContext;
  readonly #numbers: FunctionLaneNumbers;
  readonly #events: FunctionLaneEvents;
  #worker: LaneWorker | undefined;
  readonly #items = new LaneItems();
  #onFree: (attempt: FunctionAttempt) => void = () => {};
  #lastNumber = 0;
  readonly #targets: FunctionTargets;
  readonly #defined = new DefinedFunctions();
  #watch: NodeJS.Timeout | undefined;
  #isSpent = false;
  #isPaused = false;
  #isPassingOn = false;
  #hasServed = false;
  /** Modules that could not be loaded: Node remembers that of them, so another try needs another worker. */
  readonly #unloadable = new Set<string>();

  constructor(context: LaneContext, numbers: FunctionLaneNumbers, events: FunctionLaneEvents) {
    this.#context = context;
    this.#targets = new FunctionTargets(context.directory);
    this.#numbers = numbers;
    this.#events = events;
  }

  /** Whether all it was given has settled. */
  get isFree(): boolean {
    return this.#items.count === 0;
  }

  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** How many its worker has been sent. */
  get taskCount(): number {
    return this.#lastNumber;
  }

  /** Whether it can take this attempt. */
  isFitFor({ task, attempt }: FunctionAttempt): boolean {
    if (this.#isSpent || this.#worker?.isCleared() === true) return false;
    if (attempt === 1) return true;
    return this.#unloadable.size < MOST_UNLOADABLE && !this.#unloadable.has(task.command.module);
  }

  get attemptPid(): number | undefined {
    return this.isFree ? undefined : this.#worker?.pid;
  }

  /**
   * Runs attempts; the lane must be free. When one has ended, first `onFree` is called, then its `onEnded`: exactly once each,
   * never before this returns. One that was given back is the caller's again.
   */
  run(attempts: readonly FunctionAttempt[], onFree: (attempt: FunctionAttempt) => void): void {
    this.#onFree = onFree;
    const sent: LaneItem[] = [];
    const values: Buffer[] = [];
    for (const attempt of attempts) {
      const item = laneItemOf(attempt);
      this.#items.add(item);
      const task = this.#taskOf(item);
      if ('refusal' in task) {
        item.outcome = task.refusal;
        queueMicrotask(() => this.#settle(item, task.refusal));
        continue;
      }
      sent.push(item);
      values.push(task.value);
    }
    if (sent.length > 0) this.#send(sent, values);
  }

  #send(items: readonly LaneItem[], values: readonly Buffer[]): void {
    const first = this.#lastNumber + 1;
    this.#worker ??= this.#start();
    this.#lastNumber += items.length;
    for (const [index, item] of items.entries()) item.number = first + index;
    if (this.#worker === undefined) return;
    this.#worker.send(this.#defined.takeUntold(), first, values);
    this.#worker.followSoon();
    if (items.length > 1) this.#watchSoon();
  }

  #taskOf({ attempt, token }: LaneItem): ReturnType<typeof taskValue> {
    const { command } = attempt.task;
    const looked = this.#targets.find(command);
    if ('refusal' in looked) return looked;
    return taskValue(command, this.#defined.numberOf(looked.found), identityOf(this.#context, attempt, token));
  }

  takeBack(): void {
    this.#worker?.followNot();
    clearTimeout(this.#watch);
    this.#items.clear();
  }

  /** As that of `Lane`. */
  familyQuery(seq: number): FamilyQuery | undefined {
    const { first } = this.#items;
    const pid = this.#worker?.pid;
    return first?.attempt.task.seq !== seq || pid === undefined ? undefined : this.#query(first, pid);
  }

  #query(item: LaneItem, pid: number): FamilyQuery {
    return familyQueryOf(item, this.#context.poolMark, pid);
  }

  /** Ends the worker, and all that its task has started: as the pool's sequence has it, or by SIGKILL at once. */
  end(mode: EndMode, seq: number, tries = MOST_TRIES): void {
    if (this.#isPassingOn) {
      // By what it has written. All that has come is told first: what the notes say would overtake it.
      queueMicrotask(() => this.end(mode, seq, tries));
      return;
    }
    if (this.#items.ofTask(seq) === undefined) return;
    if (this.#items.count > 1 && !this.#isAlone(seq) && tries > 0) {
      setTimeout(() => this.end(mode, seq, tries - 1), SOON_MS);
      return;
    }
    const item = this.#items.ofTask(seq);
    const pid = this.#worker?.pid;
    if (item === undefined || pid === undefined || item.outcome !== undefined) return;
    if (item.family !== undefined) {
      if (mode === 'now') item.family.now();
      return;
    }
    this.#isSpent = true;
    const { ending = this.#context.ending } = item.attempt;
    const query = this.#query(item, pid);
    const find = (): ProcInfo[] => findFamily(query);
    const sequence = mode === 'now' ? KILL_AT_ONCE : ending;
    item.family = endFamily({ find, isOver: () => item.outcome !== undefined, sequence });
    void item.family.survivors.then((survivors) => this.#familyEnded(item, survivors));
  }

  /** Takes back what the worker has not begun; this one is over by that. @returns whether nothing else can be hit by what is done to the worker now */
  #isAlone(seq: number): boolean {
    const left = this.#takeRest();
    const over = left.find(({ attempt }) => attempt.task.seq === seq);
    this.#giveBack(left.filter((item) => item !== over));
    if (over !== undefined) {
      over.outcome = NOT_STARTED;
      queueMicrotask(() => this.#settle(over, NOT_STARTED));
      return true;
    }
    return this.#items.count <= 1 || this.#items.ofTask(seq) === undefined;
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!this.isFree) this.#worker?.setPaused(isPaused);
  }

  /** Lets the worker go. Who still holds its pipes is read on, into nothing, until `close`. @returns does so at once */
  retire(onDropped: (bytes: number) => void): () => void {
    this.#isSpent = true;
    const drop = this.#worker?.abandon(onDropped);
    this.#worker?.dismiss();
    return drop ?? (() => {});
  }

  get hasGone(): Promise<void> {
    return this.#worker?.gone ?? Promise.resolve();
  }

  /** Gives everything back; no attempt may be running. */
  async close(): Promise<void> {
    this.#isSpent = true;
    await this.#worker?.leave();
    this.#worker?.close();
    this.#worker = undefined;
  }

  /** @returns undefined where there is none to be had, which is told */
  #start(): LaneWorker | undefined {
    let worker: LaneWorker;
    try {
      worker = new LaneWorker(this.#context, this.#numbers, {
        isPaused: () => this.#isPaused,
        onOutput: (stream, task, chunk) => this.#output(stream, task, chunk),
        onFrame: (type, body) => this.#onFrame(type, body),
        onSilent: () => {
          this.#isSpent = true;
        },
        onEnd: (ending, wasSilent) => this.#onEnd(ending, wasSilent),
      });
    } catch (error) {
      this.#isSpent = true;
      queueMicrotask(() => this.#events.onUnavailable(error as Error));
      return undefined;
    }
    this.#events.onStarted(worker.pid);
    return worker;
  }

  #output(stream: 'stdout' | 'stderr', task: number, chunk: Buffer): void {
    const item = this.#items.ofNumber(task);
    if (item === undefined || !this.#hasBegun(item)) this.#events.onDropped(chunk.length);
    else this.#passOn(item, stream, chunk);
  }

  #passOn({ attempt }: LaneItem, stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.#isPassingOn = true;
    try {
      attempt.onData(stream, chunk);
    } finally {
      this.#isPassingOn = false;
    }
  }

  /** What was written before it began is not its: the last words of a worker that has died of the one before, say. */
  #hasBegun(item: LaneItem): boolean {
    item.hasBegun ||= !this.#hasServed || (this.#worker?.begun ?? 0) >= item.number;
    return item.hasBegun;
  }

  /** @throws Error for what a worker does not say */
  #onFrame(type: number, body: Buffer): void {
    if (isAnswer(type)) this.#onAnswer(type, body);
    else if (type === FROM_WORKER.gaveBack) this.#onGaveBack(readTasksBack(body));
    else throw new Error('not for a task');
  }

  #onAnswer(type: number, body: Buffer): void {
    const { number, elapsedMs, isMarked } = readAnswerHeader(body);
    // By its notes it was told before.
    if (number <= this.#lastNumber && this.#items.isAnswered(number)) return;
    const item = this.#items.unanswered;
    if (item === undefined || item.number !== number) throw new Error('out of turn');
    this.#hasServed = true;
    item.hasBegun = true;
    const { command } = item.attempt.task;
    if (type === FROM_WORKER.cannotLoad) {
      if (this.#unloadable.size < MOST_UNLOADABLE) this.#unloadable.add(command.module);
    } else this.#events.onCalled(item.attempt, elapsedMs);
    const { outcome, words } = answerOf(type, body.subarray(ANSWER_HEADER_BYTES), command.call !== undefined);
    item.outcome = outcome;
    this.#worker?.followNot();
    // Of one that is being ended, what it has started may have last words.
    if (item.family === undefined) this.#worker?.finishTask(number, isMarked);
    else this.#worker?.finish(number);
    if (words !== '') this.#output('stderr', number, Buffer.from(words));
    if (this.#items.count > 1) this.#worker?.followSoon();
    this.#callEnded(item, outcome);
  }

  /** As a rule they have been taken back by now, and others been sent, which it makes. */
  #onGaveBack({ first, last }: TasksBack): void {
    const isBack = ({ number, outcome }: LaneItem): boolean =>
      number >= first && number <= last && outcome === undefined;
    this.#giveBack(this.#items.remove(isBack));
  }

  #giveBack(items: readonly LaneItem[]): void {
    if (items.length === 0) return;
    this.#restIfFree();
    this.#events.onGaveBack(items.map(({ attempt }) => attempt));
  }

  #restIfFree(): void {
    if (!this.isFree) return;
    this.#worker?.followNot();
    clearTimeout(this.#watch);
  }

  #watchSoon(): void {
    clearTimeout(this.#watch);
    const before = this.#items.first;
    this.#watch = setTimeout(() => {
      if (this.#worker?.hasEnded === false) this.#worker.hearNotes();
      if (this.#items.count < 2) return;
      if (this.#items.first === before) this.#giveBack(this.#takeRest());
      if (this.#items.count > 1) this.#watchSoon();
    }, STUCK_MS);
  }

  /**
   * What the worker has not begun, and will not begin any more.
   *
   * It must not be made twice. So first the worker is told, by its notes, and then it is looked what it has begun; it notes that it
   * begins before it looks whether it may (Dekker's order: each sets its flag before it reads the other's).
   */
  #takeRest(): readonly LaneItem[] {
    const worker = this.#worker;
    if (worker === undefined || worker.hasEnded) return [];
    worker.hearNotes();
    const { first } = this.#items;
    if (first === undefined || this.#items.count < 2) return [];
    worker.takeBack(this.#lastNumber);
    const begun = Math.max(first.number, worker.begun);
    return this.#items.remove((item) => item.number > begun && item.outcome === undefined);
  }

  #onEnd(ending: Ending, wasSilent: boolean): void {
    clearTimeout(this.#watch);
    this.#isSpent = true;
    const begun = this.#worker?.begun ?? 0;
    this.#worker?.hearNotes();
    const item = this.#items.unanswered;
    if (item === undefined) return;
    if (item.number > begun && this.#hasServed && item.family === undefined) {
      this.#events.onStale();
      return;
    }
    this.#giveBack(this.#items.remove(({ number, outcome }) => number > item.number && outcome === undefined));
    this.#worker?.finish(item.number);
    this.#callEnded(item, outcomeOfEnding(ending, wasSilent));
  }

  /** The call has ended; what it has started may have to follow, and its worker with it. */
  #callEnded(item: LaneItem, outcome: AttemptOutcome): void {
    item.outcome = outcome;
    if (item.family === undefined || item.isFamilyGone) {
      this.#settle(item, outcome);
      return;
    }
    this.#worker?.dismiss();
    item.family.poke();
  }

  #familyEnded(item: LaneItem, survivors: readonly ProcInfo[]): void {
    if (!this.#items.has(item)) return;
    const names = survivors.map(({ pid, command }) => `${pid} (${command})`).join(', ');
    if (survivors.length > 0) {
      this.#settle(item, { kind: 'error', code: 'ERR_SURVIVORS', message: `could not be ended: pid ${names}` });
    } else if (item.outcome !== undefined) {
      this.#settle(item, item.outcome);
    } else {
      item.isFamilyGone = true;
    }
  }

  #settle(item: LaneItem, outcome: AttemptOutcome): void {
    if (item.family !== undefined) this.#worker?.finish(item.number);
    this.#items.remove((other) => other === item);
    this.#restIfFree();
    this.#onFree(item.attempt);
    item.attempt.onEnded(outcome);
  }
}
