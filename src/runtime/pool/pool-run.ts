import { verdictIn } from '../../core/pool/ends.ts';
import type { EndMode, PoolEffect, PoolEvent } from '../../core/pool/events.ts';
import { type PoolCounts, PoolMachine } from '../../core/pool/machine.ts';
import { InOrder } from '../../core/pool/order.ts';
import type { AttemptError, AttemptOutcome, TaskSettlement } from '../../core/pool/outcome.ts';
import { withSlot } from '../../core/pool/slot-mark.ts';
import type { TaskSpec } from '../../core/pool/task.ts';
import type { PoolView } from '../../render/pool-view.ts';
import { lanesThatFit } from '../descriptors.ts';
import type { ProcInfo } from '../family/proc.ts';
import type { Attempt, Measured } from '../lane/attempt.ts';
import type { LongTimer } from '../long-timer.ts';
import type { OutputPump } from '../output/output-pump.ts';
import { SpillSpace } from '../output/spill-buffer.ts';
import type { OutputMode, Release } from '../output/task-output.ts';
import { AttemptLimits } from './attempt-limits.ts';
import { Intake } from './intake.ts';
import type { Place, PlaceEvents, Rest } from './place.ts';
import { PoolClock } from './pool-clock.ts';
import type { PoolResult, PoolRunEvents, PoolRunOptions } from './pool-run-ports.ts';
import { Site } from './site.ts';
import { type Bound, type SizeCap, type SizeHold, Sizes } from './sizes.ts';
import { attemptRecordOf, beganAt, begunRun, lostOutput, recordOf, type TaskRun } from './task-run.ts';
import { viewOf } from './view-of.ts';
import type { Watched } from './watches/watched.ts';

/** Output waiting for its reader: past the first figure nothing new starts, below the second it does again. */
const PRESSURE_ON_BYTES = 1024 * 1024;
const PRESSURE_OFF_BYTES = 256 * 1024;
/** Tasks read ahead of those that are at work, at the least. */
const READ_AHEAD = 256;
/**
 * Tasks that may wait for others before no more is read. A task of NDJSON needs only earlier ones, so what they wait for
 * has been read.
 */
const MAX_HELD = 100_000;

const NOTHING_LEFT: Rest = { leftovers: [], survivors: [], droppedBytes: 0 };

/** Runs the tasks of one pool: the core decides, this acts. */
export class PoolRun implements Watched {
  readonly #options: PoolRunOptions;
  readonly #events: PoolRunEvents;
  readonly #pump: OutputPump;
  readonly #machine: PoolMachine;
  readonly #runs = new Map<number, TaskRun>();
  readonly #inputStop = new AbortController();
  #queue: PoolEvent[] = [];
  #isHandling = false;
  #isThrottled = false;
  #isBroken = false;
  #mostLanes = Number.POSITIVE_INFINITY;
  readonly #clock = new PoolClock();
  readonly #limits: AttemptLimits;
  /** Pauses before another try, by `seq`. */
  readonly #pauses = new Map<number, LongTimer>();
  readonly #sizes: Sizes;
  /** As the machine knows it. */
  #size: number;
  readonly #intake: Intake;
  #place: Place | undefined;
  readonly #output: OutputMode;
  readonly #order = new InOrder<() => void>();
  #inputError: unknown;
  #finish = (): void => {};
  #fail = (_error: unknown): void => {};

  constructor(options: PoolRunOptions, pump: OutputPump, events: PoolRunEvents = {}) {
    this.#options = options;
    this.#events = events;
    this.#pump = pump;
    this.#machine = new PoolMachine({ ...options, isSpaced: options.delayMs > 0 });
    this.#sizes = new Sizes(options.size);
    this.#size = options.size;
    this.#limits = new AttemptLimits(this.#clock, options.timeout, (attempt, limitMs) => {
      const run = this.#runs.get(attempt.seq);
      if (run !== undefined) run.limitMs = limitMs;
      this.#dispatch({ tag: 'timeoutElapsed', ...attempt });
    });
    this.#intake = new Intake({
      submit: (batch) => this.#submit(batch),
      isWanted: () => this.#isMoreWanted,
      isOver: () => this.#machine.isHalted !== null,
      onEnded: () => this.#dispatch({ tag: 'inputEnded' }),
      onFailed: (error) => {
        this.#inputError = error;
        this.#dispatch({ tag: 'inputFailed' });
      },
    });
    const release: Release = options.isOrdered
      ? (seq, write) => this.#write(this.#order.add(seq, write))
      : (_seq, write) => write();
    this.#output = options.output(new SpillSpace(() => this.#open().directory), release);
  }

  /** Aborted when nothing more of the input is wanted. */
  get inputSignal(): AbortSignal {
    return this.#inputStop.signal;
  }

  /**
   * Runs all tasks to their end; to be called once.
   *
   * @throws ProcctlError ERR_RUNTIME when not a single process can be started, or there is no place for output
   */
  async run(tasks: AsyncIterable<readonly TaskSpec[]>): Promise<PoolResult> {
    try {
      const finished = new Promise<void>((resolve, reject) => {
        this.#finish = resolve;
        this.#fail = reject;
      });
      if (this.#options.openPlace === undefined) {
        this.#mostLanes = lanesThatFit();
        this.#cap('descriptors', this.#mostLanes, 'too few open files allowed (ulimit -n)');
      }
      void this.#intake.read(tasks);
      await finished;
      return await this.#tidy();
    } catch (error) {
      // Not a single lane can be had, but earlier ones may have left something behind.
      this.cancel('now');
      await this.#place?.killAll();
      throw error;
    } finally {
      this.#inputStop.abort();
      this.#clock.stop();
      await this.#place?.close();
      // What waits for its turn to be written may still stand in files of the directory.
      await this.#pump.flush();
      this.#place?.remove();
    }
  }

  /**
   * Stops everything that tasks have started, then does `stop`, which returns when all is to go on. Neither limits nor delays
   * count that time.
   */
  pause(stop: () => void): void {
    this.#clock.standStill(() => {
      if (this.#place === undefined) stop();
      else this.#place.standStill(stop);
    });
  }

  /** Starts nothing new, and ends what runs. */
  cancel(mode: EndMode): void {
    this.#dispatch({ tag: 'cancel', mode });
  }

  /** Starts nothing new, since procctl can no longer do its part; what runs finishes. */
  breakOff(): void {
    this.#isBroken = true;
    this.#dispatch({ tag: 'brokenOff' });
  }

  /** To be told how much output waits for its reader. */
  pressure(pendingBytes: number): void {
    const isHigh = this.#isThrottled ? pendingBytes > PRESSURE_OFF_BYTES : pendingBytes > PRESSURE_ON_BYTES;
    if (isHigh === this.#isThrottled) return;
    this.#isThrottled = isHigh;
    if (this.#output.isStreaming) this.#place?.setPaused(isHigh);
    this.#dispatch({ tag: 'held', by: 'output', on: isHigh });
  }

  /** How many tasks are to be at work at a time. */
  get wantedSize(): number {
    return this.#sizes.wanted;
  }

  /** @returns how many can be, and why not more if they are fewer */
  resize(wanted: number): { readonly size: number; readonly reason: string } {
    this.#sizes.wanted = wanted;
    this.#applySize();
    return { size: this.#sizes.possible, reason: this.#sizes.reason };
  }

  hold(by: SizeHold, bound: Bound | undefined): void {
    this.#sizes.hold(by, bound);
    this.#applySize();
  }

  displaceYoungest(): void {
    this.#dispatch({ tag: 'scarce' });
  }

  families(): ReadonlyMap<number, readonly ProcInfo[]> {
    return this.#place?.families() ?? new Map();
  }

  kill(seq: number, error: AttemptError): void {
    const run = this.#runs.get(seq);
    if (run === undefined || run.durationMs >= 0 || run.failure !== undefined) return;
    run.failure = error;
    run.isStopping = true;
    this.#place?.end(seq, 'now');
  }

  get counts(): PoolCounts {
    return this.#machine.counts;
  }

  view(): PoolView {
    const { counts } = this.#machine;
    return viewOf({
      runs: this.#runs.values(),
      seatOf: (seq) => this.#place?.seatOf(seq),
      counts,
      now: this.#clock.now,
      heldBy: counts.ready > 0 ? this.#sizes.heldBy(counts.running) : undefined,
    });
  }

  #submit(batch: readonly TaskSpec[]): void {
    const { isDone, isOrdered } = this.#options;
    if (isDone === undefined) {
      this.#dispatch({ tag: 'submitted', tasks: batch });
      return;
    }
    const tasks: TaskSpec[] = [];
    const done: TaskSpec[] = [];
    for (const task of batch) (isDone(task) ? done : tasks).push(task);
    if (isOrdered) for (const { seq } of done) this.#write(this.#order.skip(seq));
    this.#dispatch({ tag: 'submitted', tasks, done });
  }

  /** Output whose turn has come. */
  #write(released: readonly (() => void)[]): void {
    for (const write of released) write();
    this.#output.onTurn?.(this.#order.next);
  }

  get #isMoreWanted(): boolean {
    if (this.#machine.waitingForNeedsCount > MAX_HELD) return false;
    const { readAhead = Math.max(2 * this.#sizes.wanted, READ_AHEAD) } = this.#options;
    return this.#machine.readyCount <= readAhead;
  }

  /** One queue for all events: an effect that raises an event does not interrupt the effects before it. */
  #dispatch(event: PoolEvent): void {
    this.#queue.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const effects = next.tag === 'ended' ? this.#endAttempt(next) : this.#machine.handle(next);
      for (const effect of effects) this.#act(effect);
    }
    this.#isHandling = false;
    if (this.#machine.isHalted !== null) this.#inputStop.abort();
    this.#intake.changed();
    this.#events.onChange?.();
  }

  /** In two steps: what has ended is told, and only then it is decided what is started in its place, if anything. */
  #endAttempt(event: Extract<PoolEvent, { tag: 'ended' }>): readonly PoolEffect[] {
    if (this.#events.onAttempt === undefined) return this.#machine.handle(event);
    this.#machine.handle({ tag: 'held', by: 'record', on: true });
    const ended = this.#machine.handle(event);
    this.#tellAttempt(event, ended);
    const brokenOff = this.#isBroken ? this.#machine.handle({ tag: 'brokenOff' }) : [];
    return [...ended, ...brokenOff, ...this.#machine.handle({ tag: 'held', by: 'record', on: false })];
  }

  #tellAttempt({ seq, attempt, outcome }: Extract<PoolEvent, { tag: 'ended' }>, effects: readonly PoolEffect[]): void {
    const run = this.#runs.get(seq);
    if (this.#events.onAttempt === undefined || run?.attempt !== attempt) return;
    const verdict = verdictIn(effects, seq);
    if (verdict === undefined) return;
    // Who is told that a task is done must be able to rely on what is kept of it.
    const { settlement } = verdict;
    if (settlement !== undefined && run.output.keep?.(recordOf(run.task, settlement, run)) === false) return;
    this.#events.onAttempt(attemptRecordOf(run, verdict.isFinal, verdict.state, outcome), run.task);
  }

  #act(effect: PoolEffect): void {
    switch (effect.tag) {
      case 'start':
        this.#start(effect.task, effect.slot, effect.attempt);
        break;
      case 'end': {
        const run = this.#runs.get(effect.seq);
        if (run !== undefined) run.isStopping = true;
        this.#place?.end(effect.seq, effect.mode);
        break;
      }
      case 'retry': {
        this.#events.onRetry?.(effect, this.#runs.get(effect.task.seq)?.limitMs);
        this.#runs.get(effect.task.seq)?.output.restart();
        const { seq } = effect.task;
        const due = (): void => {
          this.#pauses.delete(seq);
          this.#dispatch({ tag: 'retryDue', seq, attempt: effect.attempt });
        };
        this.#pauses.set(seq, this.#clock.startTimer(effect.delayMs, due));
        break;
      }
      case 'requeue':
        this.#events.onRequeue?.(effect);
        this.#runs.get(effect.task.seq)?.output.restart();
        break;
      case 'settle':
        this.#settle(effect.task, effect.settlement);
        break;
      case 'finish':
        this.#finish();
        break;
      default:
        effect satisfies never;
    }
  }

  #start(task: TaskSpec, slot: number, attempt: number): void {
    const { seq } = task;
    const earlier = this.#runs.get(seq);
    const output = earlier?.output ?? this.#output.open(task);
    const run = begunRun({ task, slot, attempt, output, startedAt: earlier?.startedAt, now: this.#clock.now });
    this.#runs.set(seq, run);
    const { delayMs } = this.#options;
    if (delayMs > 0) this.#clock.startTimer(delayMs, () => this.#dispatch({ tag: 'held', by: 'delay', on: false }));
    if (this.#options.openPlace === undefined) this.#limits.started({ seq, attempt }, task.timeoutMs);
    const attemptAtIt: Attempt = {
      // Elsewhere, only who runs it knows its slot.
      task: task.usesSlot === true && this.#options.openPlace === undefined ? withSlot(task, slot) : task,
      slot,
      attempt,
      ...(this.#options.openPlace === undefined ? undefined : this.#newsFromElsewhere(run)),
      onData: (stream, chunk) => this.#data(run, stream, chunk),
      onEnded: (outcome, measured) => this.#ended(run, outcome, measured),
    };
    try {
      run.output.begin?.();
    } catch (error) {
      const failure = lostOutput(error as NodeJS.ErrnoException);
      run.failure = failure;
      queueMicrotask(() => this.#ended(run, failure));
      return;
    }
    try {
      this.#open().run(attemptAtIt);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What only attempts elsewhere tell. */
  #newsFromElsewhere(run: TaskRun): Pick<Attempt, 'onStarted' | 'onBegunAnew' | 'onTimeLimit'> {
    return {
      onStarted: () => this.#started(run),
      onBegunAnew: () => run.output.restart(),
      onTimeLimit: (limitMs) => {
        run.limitMs = limitMs;
        this.#dispatch({ tag: 'timeoutElapsed', seq: run.task.seq, attempt: run.attempt });
      },
    };
  }

  /** @throws ProcctlError ERR_RUNTIME when there is no place for the run's directory */
  #open(): Place {
    if (this.#place !== undefined) return this.#place;
    const events: PlaceEvents = {
      onShrunk: (fewer, error) => this.#cap('lanes', fewer, error.message),
      onFailed: (error) => this.#fail(error),
    };
    this.#place = this.#options.openPlace?.(events) ?? new Site(this.#options, this.#mostLanes, events);
    this.#place.setPaused(this.#isThrottled && this.#output.isStreaming);
    return this.#place;
  }

  #data(run: TaskRun, stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (run.failure !== undefined && run.failure.code !== 'ERR_MEMORY_MAX') return;
    try {
      run.output.data(stream, chunk);
    } catch (error) {
      // The disk is full, most likely. A task whose output is not whole has not succeeded, whatever it says.
      run.failure = lostOutput(error as NodeJS.ErrnoException);
      this.#place?.end(run.task.seq, 'graceful');
    }
  }

  /** It runs, after it has waited for somebody elsewhere who runs it. */
  #started(run: TaskRun): void {
    run.begunAt = this.#clock.now;
    beganAt(run, Date.now());
    const { task, attempt } = run;
    // A limit that may still change cannot travel with the task.
    if (this.#options.timeout.kind === 'median' && task.timeoutMs === undefined) {
      this.#limits.ended(task.seq);
      this.#limits.started({ seq: task.seq, attempt }, undefined);
    }
    this.#events.onChange?.();
  }

  #ended(run: TaskRun, outcome: AttemptOutcome, measured?: Measured): void {
    const { task, attempt } = run;
    this.#limits.ended(task.seq);
    run.endedAt = Date.now();
    run.durationMs = measured?.durationMs ?? this.#clock.now - run.begunAt;
    if (measured !== undefined) {
      run.host = measured.host;
      beganAt(run, run.endedAt - Math.round(measured.durationMs));
    }
    try {
      run.output.ended?.(run.failure === undefined, run.durationMs);
    } catch (error) {
      run.failure ??= lostOutput(error as NodeJS.ErrnoException);
    }
    this.#dispatch({ tag: 'ended', seq: task.seq, attempt, outcome: run.failure ?? outcome });
  }

  #settle(task: TaskSpec, settlement: TaskSettlement): void {
    const run = this.#runs.get(task.seq);
    this.#runs.delete(task.seq);
    // A pause that nobody waits for any more would keep procctl from ending.
    this.#pauses.get(task.seq)?.cancel();
    this.#pauses.delete(task.seq);
    const record = recordOf(task, settlement, run);
    (run?.output ?? this.#output.open(task)).finish(record);
    if (settlement.end === 'succeeded' && run !== undefined) this.#limits.succeeded(run.durationMs);
    this.#events.onSettled?.(record, settlement, task, run?.limitMs);
  }

  #cap(by: SizeCap, size: number, reason: string): void {
    const before = this.#sizes.possible;
    this.#sizes.cap(by, { size, reason });
    if (this.#sizes.possible < before) this.#events.onShrunk?.(this.#sizes.possible, this.#sizes.wanted, reason);
    this.#applySize();
  }

  #applySize(): void {
    const size = this.#sizes.effective;
    if (size === this.#size) return;
    this.#size = size;
    this.#dispatch({ tag: 'resized', size });
  }

  /** Ends what tasks have left running in the background. */
  async #tidy(): Promise<PoolResult> {
    const elapsedMs = this.#clock.now;
    const rest = (await this.#place?.rest()) ?? NOTHING_LEFT;
    return {
      counts: this.#machine.counts,
      haltedBy: this.#machine.isHalted,
      elapsedMs,
      inputError: this.#inputError,
      ...rest,
    };
  }
}
