import type { EndMode } from '../../core/pool/events.ts';
import type { AttemptError, AttemptOutcome } from '../../core/pool/outcome.ts';
import { KILL_AT_ONCE } from '../../core/pool/term-sequence.ts';
import { FrameReader } from '../../protocol/frames.ts';
import {
  ANSWER_HEADER_BYTES,
  readAnswerHeader,
  readTasksBack,
  type TasksBack,
  tasksBody,
} from '../../protocol/task-frames.ts';
import { encodeValue } from '../../protocol/values/codec.ts';
import { FROM_WORKER, FROM_WORKER_TYPES, TO_WORKER } from '../../protocol/worker-frames.ts';
import { endFamily, type FamilyEnd } from '../family/end-family.ts';
import { type FamilyQuery, findFamily } from '../family/family.ts';
import type { ProcInfo } from '../family/proc.ts';
import type { Ending } from '../workers/hosted-process.ts';
import { type FunctionAttempt, ticksAt } from './attempt.ts';
import { type FunctionTarget, FunctionTargets, taskValue } from './function-call.ts';
import { answerOf, isAnswer, outcomeOfEnding } from './function-outcome.ts';
import { identityOf, type LaneContext } from './lane-context.ts';
import { addNiceness } from './niceness.ts';
import { PipedWorker } from './piped-worker.ts';

/** Most calls end before; what one writes that lives longer is passed on as it comes. */
const FOLLOW_AFTER_MS = 10;

const SEEN_MS = 50;
/** What comes sooner after one call belongs to it as well as to the next. */
const DRAINED_MS = 10;

/** A worker that has not got on for so long is at a task that was thought to be short: those behind it are taken back. */
const STUCK_MS = 3;
/** A task that is to be ended has begun, though the one before it has not been heard of: that takes no longer than this. */
const SOON_MS = 1;
const MOST_TRIES = 100;

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

interface Item {
  readonly attempt: FunctionAttempt;
  readonly token: string;
  /** Among all that its worker has been sent; 0: it was not sent. */
  number: number;
  /** On the clock of performance.now(). */
  readonly begunAt: number;
  /** As far as anybody has looked. */
  hasBegun: boolean;
  outcome: AttemptOutcome | undefined;
  family: FamilyEnd | undefined;
  isFamilyGone: boolean;
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
  #worker: PipedWorker | undefined;
  /** What has not settled, in the order in which the worker makes it. */
  #items: Item[] = [];
  #onFree: (attempt: FunctionAttempt) => void = () => {};
  #lastNumber = 0;
  /** Functions by which it knows them. */
  readonly #defined = new Map<string, number>();
  readonly #toDefine: FunctionTarget[] = [];
  readonly #targets: FunctionTargets;
  #follow: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** When its pipes were looked at, and when they were emptied last. */
  #seenAt = 0;
  #drainedAt = 0;
  #isSpent = false;
  #isPaused = false;
  #isPassingOn = false;
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
    this.#targets = new FunctionTargets(context.directory);
    this.#numbers = numbers;
    this.#events = events;
  }

  /** Whether all it was given has settled. */
  get isFree(): boolean {
    return this.#items.length === 0;
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
    return this.isFree ? undefined : this.#worker?.hosted.pid;
  }

  /**
   * Runs attempts; the lane must be free. When one has ended, first `onFree` is called, then its `onEnded`: exactly once each,
   * never before this returns. One that was given back is the caller's again.
   */
  run(attempts: readonly FunctionAttempt[], onFree: (attempt: FunctionAttempt) => void): void {
    this.#onFree = onFree;
    const sent: Item[] = [];
    const values: Buffer[] = [];
    for (const attempt of attempts) {
      const token = `${attempt.task.seq}.${attempt.attempt}`;
      const item: Item = {
        attempt,
        token,
        number: 0,
        begunAt: performance.now(),
        hasBegun: false,
        outcome: undefined,
        family: undefined,
        isFamilyGone: false,
      };
      this.#items.push(item);
      const task = this.#taskOf(attempt, token);
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

  #send(items: readonly Item[], values: readonly Buffer[]): void {
    const first = this.#lastNumber + 1;
    this.#prepare(first);
    this.#lastNumber += items.length;
    for (const [index, item] of items.entries()) item.number = first + index;
    const hosted = this.#worker?.hosted;
    if (hosted === undefined) return;
    for (const { key, target } of this.#toDefine.splice(0)) {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(this.#defined.get(key) as number);
      hosted.send(TO_WORKER.define, head, encodeValue(target));
    }
    hosted.send(TO_WORKER.tasks, tasksBody(first, values));
    this.#followSoon();
    if (items.length > 1) this.#watchSoon();
  }

  #taskOf(attempt: FunctionAttempt, token: string): ReturnType<typeof taskValue> {
    const { command } = attempt.task;
    const looked = this.#targets.find(command);
    if ('refusal' in looked) return looked;
    return taskValue(command, this.#numberOf(looked.found), identityOf(this.#context, attempt, token));
  }

  #numberOf(target: FunctionTarget): number {
    const known = this.#defined.get(target.key);
    if (known !== undefined) return known;
    const number = this.#defined.size + 1;
    this.#defined.set(target.key, number);
    this.#toDefine.push(target);
    return number;
  }

  #followSoon(): void {
    this.#follow = setTimeout(() => this.#worker?.follow(this.#isPaused), FOLLOW_AFTER_MS);
  }

  takeBack(): void {
    clearTimeout(this.#follow);
    clearTimeout(this.#watch);
    this.#items = [];
  }

  /** As that of `Lane`. */
  familyQuery(seq: number): FamilyQuery | undefined {
    const item = this.#items[0];
    const pid = this.#worker?.hosted.pid;
    return item?.attempt.task.seq !== seq || pid === undefined ? undefined : this.#query(item, pid);
  }

  #query({ token, begunAt }: Item, pid: number): FamilyQuery {
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
  end(mode: EndMode, seq: number, tries = MOST_TRIES): void {
    if (this.#isPassingOn) {
      // By what it has written. All that has come is told first: what the notes say would overtake it.
      queueMicrotask(() => this.end(mode, seq, tries));
      return;
    }
    if (this.#items.every(({ attempt }) => attempt.task.seq !== seq)) return;
    if (this.#items.length > 1 && !this.#isAlone(seq) && tries > 0) {
      setTimeout(() => this.end(mode, seq, tries - 1), SOON_MS);
      return;
    }
    const item = this.#items.find(({ attempt }) => attempt.task.seq === seq);
    const pid = this.#worker?.hosted.pid;
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
    return this.#items.length <= 1 || this.#items.every(({ attempt }) => attempt.task.seq !== seq);
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!this.isFree) this.#worker?.setPaused(isPaused);
  }

  /** Lets the worker go. Who still holds its pipes is read on, into nothing, until `close`. @returns does so at once */
  retire(onDropped: (bytes: number) => void): () => void {
    this.#isSpent = true;
    const drop = this.#worker?.abandon(onDropped);
    this.#dismiss();
    return drop ?? (() => {});
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
    this.#worker?.close();
    this.#worker = undefined;
  }

  /** Has a worker, and nothing in its pipes. @param next number of the next task */
  #prepare(next: number): void {
    if (this.#worker === undefined) this.#start();
    else if (performance.now() - this.#drainedAt > DRAINED_MS || !this.#worker.isAt(next)) this.#worker.finish(next);
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
          onOutput: (stream, task, chunk) => this.#output(stream, task, chunk),
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

  #output(stream: 'stdout' | 'stderr', task: number, chunk: Buffer): void {
    const item = this.#items.find(({ number }) => number === task);
    if (item === undefined || !this.#hasBegun(item)) this.#events.onDropped(chunk.length);
    else this.#passOn(item, stream, chunk);
  }

  #passOn({ attempt }: Item, stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.#isPassingOn = true;
    try {
      attempt.onData(stream, chunk);
    } finally {
      this.#isPassingOn = false;
    }
  }

  /** What was written before it began is not its: the last words of a worker that has died of the one before, say. */
  #hasBegun(item: Item): boolean {
    item.hasBegun ||= !this.#hasServed || (this.#worker?.notes.begun ?? 0) >= item.number;
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
    if (number <= this.#lastNumber && this.#items.every((item) => item.number > number || item.outcome !== undefined))
      return;
    const item = this.#items.find(({ outcome }) => outcome === undefined);
    if (item === undefined || item.number !== number) throw new Error('out of turn');
    this.#hasServed = true;
    item.hasBegun = true;
    const { command } = item.attempt.task;
    if (type === FROM_WORKER.cannotLoad) this.#unloadable.add(command.module);
    else this.#events.onCalled(item.attempt, elapsedMs);
    const { outcome, words } = answerOf(type, body.subarray(ANSWER_HEADER_BYTES), command.call !== undefined);
    item.outcome = outcome;
    clearTimeout(this.#follow);
    // Of one that is being ended, what it has started may have last words.
    if (item.family === undefined) this.#worker?.finishTask(number, isMarked);
    else this.#worker?.finish(number);
    this.#drainedAt = performance.now();
    if (words !== '') this.#output('stderr', number, Buffer.from(words));
    if (this.#items.length > 1) this.#followSoon();
    this.#callEnded(item, outcome);
  }

  /** As a rule they have been taken back by now, and others been sent, which it makes. */
  #onGaveBack({ first, last }: TasksBack): void {
    this.#giveBack(this.#remove(({ number, outcome }) => number >= first && number <= last && outcome === undefined));
  }

  #giveBack(items: readonly Item[]): void {
    if (items.length === 0) return;
    this.#restIfFree();
    this.#events.onGaveBack(items.map(({ attempt }) => attempt));
  }

  #restIfFree(): void {
    if (!this.isFree) return;
    clearTimeout(this.#follow);
    clearTimeout(this.#watch);
  }

  #remove(isOut: (item: Item) => boolean): readonly Item[] {
    const out = this.#items.filter(isOut);
    this.#items = this.#items.filter((item) => !isOut(item));
    return out;
  }

  #watchSoon(): void {
    clearTimeout(this.#watch);
    const before = this.#items[0];
    this.#watch = setTimeout(() => {
      this.#hearNotes();
      if (this.#items.length < 2) return;
      if (this.#items[0] === before) this.#giveBack(this.#takeRest());
      if (this.#items.length > 1) this.#watchSoon();
    }, STUCK_MS);
  }

  /** Takes the answers that the worker holds back until it is done with more. */
  #hearNotes(): void {
    const worker = this.#worker;
    if (worker === undefined || worker.hosted.hasEnded) return;
    this.#hear(worker.notes.answers);
  }

  #hear(answers: Buffer): void {
    const reader = new FrameReader(FROM_WORKER_TYPES, (type, body) => this.#onFrame(type, body));
    try {
      reader.push(answers);
    } catch {
      // Somebody has written into its notes. What the worker sends counts.
    }
  }

  /**
   * What the worker has not begun, and will not begin any more.
   *
   * It must not be made twice. So first the worker is told, by its notes, and then it is looked what it has begun; it notes that it
   * begins before it looks whether it may (Dekker's order: each sets its flag before it reads the other's).
   */
  #takeRest(): readonly Item[] {
    const worker = this.#worker;
    if (worker === undefined || worker.hosted.hasEnded) return [];
    this.#hearNotes();
    const first = this.#items[0];
    if (first === undefined || this.#items.length < 2) return [];
    worker.takeBack(this.#lastNumber);
    const begun = Math.max(first.number, worker.notes.begun);
    return this.#remove((item) => item.number > begun && item.outcome === undefined);
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
    clearTimeout(this.#watch);
    this.#isSpent = true;
    this.#hasEnded();
    const { begun = 0, answers = Buffer.alloc(0) } = this.#worker?.notes ?? {};
    this.#hear(answers);
    const item = this.#items.find(({ number, outcome }) => number > 0 && outcome === undefined);
    if (item === undefined) return;
    if (item.number > begun && this.#hasServed && item.family === undefined) {
      this.#events.onStale();
      return;
    }
    this.#giveBack(this.#remove(({ number, outcome }) => number > item.number && outcome === undefined));
    this.#worker?.finish(item.number);
    this.#callEnded(item, outcomeOfEnding(ending, this.#wasSilent));
  }

  /** The call has ended; what it has started may have to follow, and its worker with it. */
  #callEnded(item: Item, outcome: AttemptOutcome): void {
    item.outcome = outcome;
    if (item.family === undefined || item.isFamilyGone) {
      this.#settle(item, outcome);
      return;
    }
    this.#dismiss();
    item.family.poke();
  }

  #familyEnded(item: Item, survivors: readonly ProcInfo[]): void {
    if (!this.#items.includes(item)) return;
    const names = survivors.map(({ pid, command }) => `${pid} (${command})`).join(', ');
    if (survivors.length > 0) {
      this.#settle(item, { kind: 'error', code: 'ERR_SURVIVORS', message: `could not be ended: pid ${names}` });
    } else if (item.outcome !== undefined) {
      this.#settle(item, item.outcome);
    } else {
      item.isFamilyGone = true;
    }
  }

  #settle(item: Item, outcome: AttemptOutcome): void {
    if (item.family !== undefined) this.#worker?.finish(item.number);
    this.#remove((other) => other === item);
    this.#restIfFree();
    this.#onFree(item.attempt);
    item.attempt.onEnded(outcome);
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
