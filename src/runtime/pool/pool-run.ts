import { verdictIn } from '../../core/pool/ends.ts';
import type { EndMode, PoolEffect, PoolEvent } from '../../core/pool/events.ts';
import type { HaltRule } from '../../core/pool/halt.ts';
import { type HaltReason, type PoolCounts, PoolMachine } from '../../core/pool/machine.ts';
import { InOrder } from '../../core/pool/order.ts';
import type { AttemptOutcome, TaskSettlement } from '../../core/pool/outcome.ts';
import type { TaskSpec } from '../../core/pool/task.ts';
import type { AttemptRecord, TaskRecord } from '../../protocol/task-record.ts';
import { estimateEtaMs } from '../../render/eta.ts';
import { type PoolView, type SlotView, settledCount } from '../../render/pool-view.ts';
import { lanesThatFit } from '../descriptors.ts';
import { endFamily } from '../family/end-family.ts';
import { findLeftovers } from '../family/family.ts';
import { type ProcInfo, ticksNow } from '../family/proc.ts';
import type { Attempt } from '../lane/attempt.ts';
import type { OutputPump } from '../output/output-pump.ts';
import { SpillSpace } from '../output/spill-buffer.ts';
import type { OutputMode, Release } from '../output/task-output.ts';
import { uniqueText } from '../unique-text.ts';
import { AttemptLimits } from './attempt-limits.ts';
import { PoolClock } from './pool-clock.ts';
import { Site } from './site.ts';
import { type SizeCap, Sizes } from './sizes.ts';
import { attemptRecordOf, recordOf, type TaskRun } from './task-run.ts';

/** Output waiting for its reader: past the first figure nothing new starts, below the second it does again. */
const PRESSURE_ON_BYTES = 1024 * 1024;
const PRESSURE_OFF_BYTES = 256 * 1024;
/** Tasks read ahead of those that are at work, at the least. */
const READ_AHEAD = 256;

export interface PoolRunOptions {
  readonly size: number;
  /** Tries after the first one, for tasks that do not say. */
  readonly retries: number;
  readonly halt: HaltRule;
  /** Limit on one attempt, for tasks that do not say, ms; 0: none. */
  readonly timeoutMs: number;
  /** From SIGTERM to SIGKILL, ms. */
  readonly stopTimeoutMs: number;
  /** 'spawn': every attempt is a spawn of its own, exact in every case and slower. */
  readonly runner: 'auto' | 'spawn';
  /** Output and records in the order of the input, not of the ends. */
  readonly isOrdered: boolean;
  readonly output: (space: SpillSpace, release: Release) => OutputMode;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute; where tasks without a `cwd` work. */
  readonly directory: string;
  /** Whether an earlier run has done a task, so that it need not be run; asked once for each, in the order of the input. */
  isDone?(task: TaskSpec): boolean;
  /** How long a task took the last time it succeeded, ms; undefined where that is not known. */
  expectedMs?(task: TaskSpec): number | undefined;
}

/** What a pool tells while it runs. */
export interface PoolRunEvents {
  /** An attempt has ended: told before anything that follows from it is done, such as the start of the next task. */
  onAttempt?(record: AttemptRecord, task: TaskSpec): void;
  onSettled?(record: TaskRecord, settlement: TaskSettlement, task: TaskSpec): void;
  onRetry?(retry: Extract<PoolEffect, { tag: 'retry' }>): void;
  /** An attempt was ended to make room; its task is queued again. */
  onRequeue?(requeue: Extract<PoolEffect, { tag: 'requeue' }>): void;
  /** Something that a view shows has changed. */
  onChange?(): void;
  /** Only `size` tasks can be at work at a time. */
  onShrunk?(size: number, reason: string): void;
}

/** What became of a pool. */
export interface PoolResult {
  readonly counts: PoolCounts;
  readonly haltedBy: HaltReason | null;
  readonly elapsedMs: number;
  /** Why the input could not be read to its end. */
  readonly inputError: unknown;
  /** Processes that tasks had left in the background, and that have been ended. */
  readonly leftovers: readonly ProcInfo[];
  /** Of these, those that could not be ended. */
  readonly survivors: readonly ProcInfo[];
  /** Bytes written by such processes after their task had ended. */
  readonly droppedBytes: number;
}

/** Runs the tasks of one pool: the core decides, this acts. */
export class PoolRun {
  readonly #options: PoolRunOptions;
  readonly #events: PoolRunEvents;
  readonly #pump: OutputPump;
  readonly #machine: PoolMachine;
  readonly #runs = new Map<number, TaskRun>();
  readonly #inputStop = new AbortController();
  readonly #poolMark: string;
  readonly #sinceTicks: number;
  #queue: PoolEvent[] = [];
  #isHandling = false;
  #isThrottled = false;
  #mostLanes = Number.POSITIVE_INFINITY;
  readonly #clock = new PoolClock();
  readonly #limits: AttemptLimits;
  readonly #sizes: Sizes;
  #wakeReader = (): void => {};
  #site: Site | undefined;
  readonly #output: OutputMode;
  readonly #order = new InOrder<() => void>();
  #inputError: unknown;
  #finish = (): void => {};
  #fail = (_error: unknown): void => {};

  constructor(options: PoolRunOptions, pump: OutputPump, events: PoolRunEvents = {}) {
    this.#options = options;
    this.#events = events;
    this.#pump = pump;
    this.#machine = new PoolMachine(options);
    this.#sizes = new Sizes(options.size);
    this.#limits = new AttemptLimits(this.#clock, options.timeoutMs || null, (attempt, limitMs) => {
      const run = this.#runs.get(attempt.seq);
      if (run !== undefined) run.limitMs = limitMs;
      this.#dispatch({ tag: 'timeoutElapsed', ...attempt });
    });
    this.#poolMark = `/${uniqueText()}.`;
    this.#sinceTicks = ticksNow() - 2;
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
      this.#mostLanes = lanesThatFit();
      this.#cap('descriptors', this.#mostLanes, 'too few open files allowed (ulimit -n)');
      void this.#read(tasks);
      await finished;
      return await this.#tidy();
    } catch (error) {
      // Not a single lane can be had, but earlier ones may have left something behind.
      this.cancel('now');
      if (this.#site !== undefined)
        await endFamily({ find: this.#leftovers, isOver: () => true, graceMs: 0 }).survivors;
      throw error;
    } finally {
      this.#inputStop.abort();
      await this.#site?.close();
      // What waits for its turn to be written may still stand in files of the directory.
      await this.#pump.flush();
      this.#site?.remove();
    }
  }

  /** Starts nothing new, and ends what runs. */
  cancel(mode: EndMode): void {
    this.#dispatch({ tag: 'cancel', mode });
  }

  /** To be told how much output waits for its reader. */
  pressure(pendingBytes: number): void {
    const isHigh = this.#isThrottled ? pendingBytes > PRESSURE_OFF_BYTES : pendingBytes > PRESSURE_ON_BYTES;
    if (isHigh === this.#isThrottled) return;
    this.#isThrottled = isHigh;
    if (this.#output.isStreaming) this.#site?.lanes.setPaused(isHigh);
    this.#dispatch({ tag: 'held', by: 'output', on: isHigh });
  }

  get counts(): PoolCounts {
    return this.#machine.counts;
  }

  view(): PoolView {
    const { now } = this.#clock;
    const counts = this.#machine.counts;
    const slots: SlotView[] = [];
    for (const { task, slot, attempt, begunAt, isStopping, durationMs } of this.#runs.values()) {
      if (durationMs >= 0) continue;
      const pid = this.#site?.lanes.pidOf(task.seq) ?? null;
      const state = isStopping ? 'stopping' : 'running';
      slots.push({ slot, pid, state, alive: pid !== null, task: task.name, attempt, elapsedMs: now - begunAt });
    }
    slots.sort((a, b) => a.slot - b.slot);
    const elapsedMs = now;
    const { submitted: total, isInputOpen } = counts;
    const etaMs = estimateEtaMs({ settled: settledCount(counts), total, isInputOpen, elapsedMs });
    return { slots, counts, elapsedMs, etaMs };
  }

  async #read(tasks: AsyncIterable<readonly TaskSpec[]>): Promise<void> {
    try {
      for await (const batch of tasks) {
        this.#submit(batch);
        await this.#untilMoreIsWanted();
        if (this.#machine.isHalted !== null) break;
      }
      this.#dispatch({ tag: 'inputEnded' });
    } catch (error) {
      this.#inputError = error;
      this.#dispatch({ tag: 'inputFailed' });
    }
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

  #untilMoreIsWanted(): Promise<void> {
    const isWanted = (): boolean => {
      if (this.#machine.isHalted !== null) return true;
      return this.#machine.readyCount <= Math.max(2 * this.#sizes.wanted, READ_AHEAD);
    };
    if (isWanted()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeReader = () => {
        if (!isWanted()) return;
        this.#wakeReader = () => {};
        resolve();
      };
    });
  }

  /** One queue for all events: an effect that raises an event does not interrupt the effects before it. */
  #dispatch(event: PoolEvent): void {
    this.#queue.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const effects = this.#machine.handle(next);
      if (next.tag === 'ended') this.#tellAttempt(next, effects);
      for (const effect of effects) this.#act(effect);
    }
    this.#isHandling = false;
    if (this.#machine.isHalted !== null) this.#inputStop.abort();
    this.#wakeReader();
    this.#events.onChange?.();
  }

  #tellAttempt({ seq, attempt, outcome }: Extract<PoolEvent, { tag: 'ended' }>, effects: readonly PoolEffect[]): void {
    const run = this.#runs.get(seq);
    if (this.#events.onAttempt === undefined || run?.attempt !== attempt) return;
    const verdict = verdictIn(effects, seq);
    if (verdict === undefined) return;
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
        this.#site?.lanes.end(effect.seq, effect.mode);
        break;
      }
      case 'retry': {
        this.#events.onRetry?.(effect);
        this.#runs.get(effect.task.seq)?.output.restart();
        const { seq } = effect.task;
        this.#clock.startTimer(effect.delayMs, () => this.#dispatch({ tag: 'retryDue', seq, attempt: effect.attempt }));
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
    const run: TaskRun = {
      task,
      slot,
      attempt,
      startedAt: earlier?.startedAt ?? Date.now(),
      attemptStartedAt: Date.now(),
      output: earlier?.output ?? this.#output.open(task),
      begunAt: this.#clock.now,
      endedAt: 0,
      durationMs: -1,
      isStopping: false,
      limitMs: undefined,
      failure: undefined,
    };
    this.#runs.set(seq, run);
    this.#limits.started({ seq, attempt }, task.timeoutMs);
    const attemptAtIt: Attempt = {
      task,
      slot,
      attempt,
      onData: (stream, chunk) => this.#data(run, stream, chunk),
      onEnded: (outcome) => this.#ended(run, outcome),
    };
    try {
      this.#open().lanes.run(attemptAtIt);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @throws ProcctlError ERR_RUNTIME when there is no place for the run's directory */
  #open(): Site {
    if (this.#site !== undefined) return this.#site;
    this.#site = new Site(this.#poolMark, this.#options, this.#mostLanes, {
      onShrunk: (fewer, error) => this.#cap('lanes', fewer, error.message),
      onFailed: (error) => this.#fail(error),
    });
    this.#site.lanes.setPaused(this.#isThrottled && this.#output.isStreaming);
    return this.#site;
  }

  #data(run: TaskRun, stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (run.failure !== undefined) return;
    try {
      run.output.data(stream, chunk);
    } catch (error) {
      // The disk is full, most likely. A task whose output is not whole has not succeeded, whatever it says.
      const reason = (error as NodeJS.ErrnoException).message;
      const message = `what it wrote could not be kept: ${reason}; set TMPDIR to a directory with room`;
      run.failure = { kind: 'error', code: 'ERR_OUTPUT_LOST', message };
      this.#site?.lanes.end(run.task.seq, 'graceful');
    }
  }

  #ended(run: TaskRun, outcome: AttemptOutcome): void {
    const { task, attempt, failure } = run;
    this.#limits.ended(task.seq);
    run.endedAt = Date.now();
    run.durationMs = this.#clock.now - run.begunAt;
    this.#dispatch({ tag: 'ended', seq: task.seq, attempt, outcome: failure ?? outcome });
  }

  #settle(task: TaskSpec, settlement: TaskSettlement): void {
    const run = this.#runs.get(task.seq);
    this.#runs.delete(task.seq);
    const record = recordOf(task, settlement, run);
    (run?.output ?? this.#output.open(task)).finish(record);
    this.#events.onSettled?.(record, settlement, task);
  }

  #cap(by: SizeCap, size: number, reason: string): void {
    const before = this.#sizes.effective;
    this.#sizes.cap(by, size);
    const after = this.#sizes.effective;
    if (after < before) this.#events.onShrunk?.(after, reason);
    if (after !== before) this.#dispatch({ tag: 'resized', size: after });
  }

  /** What tasks have left running. */
  readonly #leftovers = (): ProcInfo[] =>
    this.#site === undefined ? [] : findLeftovers(this.#poolMark, this.#site.lanes.sessions, this.#sinceTicks);

  /** Ends what tasks have left running in the background. */
  async #tidy(): Promise<PoolResult> {
    const elapsedMs = this.#clock.now;
    const lanes = this.#site?.lanes;
    // The readers stay: who is ended may have last words, and a broken pipe is no way to go.
    await lanes?.rest();
    const leftovers = this.#leftovers();
    const { stopTimeoutMs } = this.#options;
    const ending =
      leftovers.length === 0
        ? undefined
        : endFamily({ find: this.#leftovers, isOver: () => true, graceMs: stopTimeoutMs });
    return {
      counts: this.#machine.counts,
      haltedBy: this.#machine.isHalted,
      elapsedMs,
      inputError: this.#inputError,
      leftovers,
      survivors: (await ending?.survivors) ?? [],
      droppedBytes: lanes?.droppedBytes ?? 0,
    };
  }
}
