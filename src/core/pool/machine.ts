import { type Backoff, backoffDelay } from '../backoff.ts';
import { AtWork } from './at-work.ts';
import { criticalPaths, type ExpectedMs, weigh } from './critical-path.ts';
import { endOf, settlementOf } from './ends.ts';
import type { EndMode, HoldCause, PoolEffect, PoolEvent } from './events.ts';
import { type HaltRule, isHaltReached } from './halt.ts';
import type { FailedTry, Running, TaskEventTag, TaskStateTag, Waiting } from './moves.ts';
import { Needs } from './needs.ts';
import type { AttemptOutcome, EndCause, TaskEnd, TaskSettlement } from './outcome.ts';
import { type Rank, ReadyQueue } from './ready-queue.ts';
import { Tally } from './tally.ts';
import type { TaskSpec } from './task.ts';

export interface PoolMachineOptions {
  /** How many tasks may be at work at a time; whole, at least 1. */
  readonly size: number;
  /** Tries after the first one, for tasks that do not say. */
  readonly retries: number;
  /** The pause before each further try, for tasks that do not say; absent: none. */
  readonly retryDelay?: Backoff | undefined;
  readonly halt: HaltRule;
  /** How long tasks took before, so that the longest chain of them starts first; absent: nothing is known. */
  readonly expectedMs?: ExpectedMs | undefined;
  /** Each start holds the next one back, until `held` by `delay` is taken off; absent: no. */
  readonly isSpaced?: boolean;
}

/** Why a pool starts nothing new: its halt rule (`fail`, `success`), a cancel, bad input, or a failure of procctl. */
export type HaltReason = 'fail' | 'success' | 'cancel' | 'input' | 'broken';

/** How many tasks are in each state; those add up to `submitted`. */
export interface PoolCounts extends Readonly<Record<TaskStateTag, number>> {
  readonly submitted: number;
  /** Tasks of the input that an earlier run has done; not among `submitted`, and no halt rule counts them. */
  readonly alreadyDone: number;
  /** Of those `waiting`, how many wait for tasks they need; the others wait for another try. */
  readonly waitingForNeeds: number;
  /** More tasks may come. */
  readonly isInputOpen: boolean;
}

/**
 * Decides what a pool does: events in, effects out; no clock, no input or output.
 *
 * Its state changes in place, on purpose: (state, event) => state would copy a list of 100 000 tasks for each of
 * their events. A settled task leaves nothing behind but its count and, in a byte, its end, for those that may need
 * it; so memory is that of the tasks still to be done.
 * Every event speaks of one attempt, and one that speaks of an attempt gone by changes nothing.
 */
export class PoolMachine {
  readonly #options: PoolMachineOptions;
  #size: number;
  readonly #ready = new ReadyQueue();
  readonly #atWork = new AtWork();
  readonly #needs = new Needs();
  readonly #retrying = new Map<number, Extract<Waiting, { reason: 'retry' }>>();
  readonly #tally = new Tally();
  #submitted = 0;
  #alreadyDone = 0;
  #isInputOpen = true;
  readonly #holds = new Set<HoldCause>();
  #isRuleReached = false;
  #haltedBy: HaltReason | null = null;
  #isFinished = false;
  #effects: PoolEffect[] = [];

  constructor(options: PoolMachineOptions) {
    this.#options = options;
    this.#size = options.size;
  }

  get counts(): PoolCounts {
    return {
      submitted: this.#submitted,
      alreadyDone: this.#alreadyDone,
      ...this.#tally.counts,
      waitingForNeeds: this.#needs.size,
      isInputOpen: this.#isInputOpen,
    };
  }

  /** Tasks that wait for a slot. With the next one, the counts that are asked for after every event. */
  get readyCount(): number {
    return this.#tally.counts.ready;
  }

  /** Tasks that wait for others. */
  get waitingForNeedsCount(): number {
    return this.#needs.size;
  }

  /** `finish` has been given. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Why nothing new starts (the first reason stays), or null. */
  get isHalted(): HaltReason | null {
    return this.#haltedBy;
  }

  /**
   * @returns what to do now, in this order
   * @throws Error when tasks are submitted although the input has ended and the pool is not halted: they would be lost
   */
  handle(event: PoolEvent): PoolEffect[] {
    if (this.#isFinished) return [];
    this.#apply(event);
    if (this.#isStuck()) this.#halt('input');
    if (this.#haltedBy === null) this.#startReady();
    else this.#settleHeldBack();
    this.#finishOnceDone();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #apply(event: PoolEvent): void {
    switch (event.tag) {
      case 'submitted':
        this.#submit(event.tasks, event.done ?? []);
        break;
      case 'inputEnded':
        this.#endInput();
        break;
      case 'inputFailed':
        this.#halt('input');
        this.#endInput();
        break;
      case 'brokenOff':
        this.#halt('broken');
        break;
      case 'ended':
        this.#attemptEnded(event.seq, event.attempt, event.outcome);
        break;
      case 'timeoutElapsed':
        this.#timeoutElapsed(event.seq, event.attempt);
        break;
      case 'retryDue':
        this.#retryDue(event.seq, event.attempt);
        break;
      case 'held':
        if (event.on) this.#holds.add(event.by);
        else this.#holds.delete(event.by);
        break;
      case 'resized':
        this.#size = Math.max(1, event.size);
        break;
      case 'scarce':
        this.#displaceYoungest();
        break;
      case 'cancel':
        this.#halt('cancel');
        this.#endRunning(event.mode);
        break;
      default:
        event satisfies never;
    }
  }

  #submit(tasks: readonly TaskSpec[], done: readonly TaskSpec[]): void {
    if (!this.#isInputOpen) {
      // A reader that has not yet heard of the halt may still deliver; without one, this is a bug.
      if (this.#haltedBy !== null) return;
      throw new Error('tasks were submitted to a pool whose input has ended');
    }
    for (const task of done) this.#release(task, 'succeeded');
    const before = this.#submitted;
    this.#submitted += tasks.length;
    this.#alreadyDone += done.length;
    if (this.#arePlain(tasks)) {
      for (const task of tasks) this.#ready.put(task);
      this.#tally.begin('ready', tasks.length);
      return;
    }
    this.#ready.beginRanking();
    const paths = criticalPaths(tasks, weigh(tasks, this.#options.expectedMs));
    for (const [index, task] of tasks.entries()) this.#admit(task, { path: paths[index] ?? 1, order: before + index });
  }

  /** Nothing but their place in the input decides when they start. */
  #arePlain(tasks: readonly TaskSpec[]): boolean {
    if (this.#ready.isRanked) return false;
    const { expectedMs } = this.#options;
    return tasks.every((task) => {
      const isUnranked = task.needs === undefined && (task.priority === undefined || task.priority === 0);
      return isUnranked && expectedMs?.(task) === undefined;
    });
  }

  #admit(task: TaskSpec, rank: Rank): void {
    const fate = this.#haltedBy === null ? this.#needs.add(task, rank) : 'ready';
    this.#tally.begin(fate === 'ready' ? 'ready' : 'waiting');
    if (fate === 'ready') this.#ready.putRanked(task, rank);
    else if (fate !== 'held') {
      this.#settle('waiting', 'needFailed', task, { end: 'skipped', attempts: 0, skip: fate });
    }
  }

  #endInput(): void {
    this.#isInputOpen = false;
    this.#applyHaltRule();
  }

  #attemptEnded(seq: number, attempt: number, outcome: AttemptOutcome): void {
    const running = this.#atWork.get(seq, attempt);
    if (running === undefined) return;
    this.#atWork.remove(running);
    const { task, slot, lastTry } = running;
    const end = endOf(outcome, running.ending);
    const displaced = lastTry?.displaced ?? 0;
    const isDisplaced = running.ending?.cause === 'displaced' && end === 'cancelled' && this.#haltedBy === null;
    if (isDisplaced) {
      this.#queueAgain(task, { attempt, slot, outcome, end: lastTry?.end ?? end, displaced: displaced + 1 });
      return;
    }
    const isOver = end === 'succeeded' || end === 'cancelled' || this.#haltedBy !== null;
    if (isOver || attempt - displaced > (task.retries ?? this.#options.retries)) {
      this.#settle('running', 'ended', task, { end, outcome, attempts: attempt, slot });
    } else {
      this.#waitForRetry(task, { attempt, slot, outcome, end, displaced });
    }
  }

  #queueAgain(task: TaskSpec, lastTry: FailedTry): void {
    this.#tally.move('running', 'ended', 'ready');
    this.#ready.putAgain({ tag: 'ready', task, lastTry });
    this.#effects.push({ tag: 'requeue', task, attempt: lastTry.attempt, outcome: lastTry.outcome });
  }

  /** One at a time: what the one before it gives back has to be seen first. */
  #displaceYoungest(): void {
    const youngest = this.#atWork.displaceable();
    if (youngest === undefined) return;
    this.#tally.move('running', 'displaced', 'running');
    this.#end(youngest, 'displaced', 'graceful');
  }

  #waitForRetry(task: TaskSpec, lastTry: FailedTry): void {
    this.#tally.move('running', 'ended', 'waiting');
    this.#retrying.set(task.seq, { tag: 'waiting', reason: 'retry', task, lastTry });
    const { attempt, outcome, end, displaced } = lastTry;
    const delay = task.retryDelay ?? this.#options.retryDelay;
    const delayMs = delay === undefined ? 0 : backoffDelay(attempt - displaced, delay);
    this.#effects.push({ tag: 'retry', task, attempt, outcome, delayMs, timedOut: end === 'timedOut', displaced });
  }

  #timeoutElapsed(seq: number, attempt: number): void {
    const running = this.#atWork.get(seq, attempt);
    if (running === undefined) return;
    this.#tally.move('running', 'timeoutElapsed', 'running');
    this.#end(running, 'timeout', 'graceful');
  }

  #retryDue(seq: number, attempt: number): void {
    const waiting = this.#retrying.get(seq);
    if (waiting?.lastTry.attempt !== attempt) return;
    this.#tally.move('waiting', 'retryDue', 'ready');
    this.#retrying.delete(seq);
    this.#ready.putAgain({ tag: 'ready', task: waiting.task, lastTry: waiting.lastTry });
  }

  #startReady(): void {
    while (this.#holds.size === 0 && this.#atWork.size < this.#size) {
      const ready = this.#ready.take();
      if (ready === undefined) return;
      this.#tally.move('ready', 'assigned', 'running');
      this.#effects.push(this.#atWork.start(ready));
      if (this.#options.isSpaced === true) this.#holds.add('delay');
    }
  }

  #halt(by: HaltReason): void {
    this.#haltedBy ??= by;
  }

  #endRunning(mode: EndMode): void {
    for (const running of this.#atWork.all()) {
      this.#tally.move('running', 'halted', 'running');
      this.#end(running, 'cancel', mode);
    }
  }

  #end(running: Running, cause: EndCause, mode: EndMode): void {
    const effect = this.#atWork.end(running, cause, mode);
    if (effect !== undefined) this.#effects.push(effect);
  }

  /** Settles all that will not be started (again). */
  #settleHeldBack(): void {
    // First, so that none of them is skipped for what the others settle as: all of these end by the halt.
    for (const { task } of this.#needs.takeAll()) this.#settle('waiting', 'halted', task, settlementOf(null));
    for (const { task, lastTry } of this.#retrying.values()) {
      this.#settle('waiting', 'halted', task, settlementOf(lastTry));
    }
    this.#retrying.clear();
    for (let ready = this.#ready.take(); ready !== undefined; ready = this.#ready.take()) {
      this.#settle('ready', 'halted', ready.task, settlementOf(ready.lastTry));
    }
  }

  #settle(from: TaskStateTag, event: TaskEventTag, task: TaskSpec, settlement: TaskSettlement): void {
    this.#tally.move(from, event, settlement.end);
    this.#effects.push({ tag: 'settle', task, settlement });
    this.#release(task, settlement.end);
    this.#applyHaltRule();
  }

  /** Lets go on, or gives up, those that need a task which has come to its end. */
  #release(settled: TaskSpec, end: TaskEnd): void {
    const { ready, skipped } = this.#needs.settled(settled, end);
    for (const { task, rank } of ready) {
      this.#tally.move('waiting', 'needsMet', 'ready');
      this.#ready.putRanked(task, rank);
    }
    for (const { task, cause } of skipped) {
      this.#tally.move('waiting', 'needFailed', 'skipped');
      this.#effects.push({ tag: 'settle', task, settlement: { end: 'skipped', attempts: 0, skip: cause } });
    }
  }

  #applyHaltRule(): void {
    const { halt } = this.#options;
    if (halt.when === 'never' || this.#isRuleReached) return;
    const { succeeded, failed, timedOut } = this.#tally.counts;
    const total = this.#isInputOpen ? null : this.#submitted;
    if (!isHaltReached(halt, { successes: succeeded, failures: failed + timedOut, total })) return;
    this.#isRuleReached = true;
    this.#halt(halt.on);
    if (halt.when === 'now') this.#endRunning('graceful');
  }

  /** All that is left waits for tasks that will never come: the input was not whole, or they need each other. */
  #isStuck(): boolean {
    const { ready, running, waiting } = this.#tally.counts;
    return waiting > 0 && ready + running === 0 && !this.#isInputOpen && this.#retrying.size === 0;
  }

  #finishOnceDone(): void {
    if (this.#isInputOpen || this.#tally.unsettled > 0) return;
    this.#isFinished = true;
    this.#effects.push({ tag: 'finish' });
  }
}
