import { constants } from 'node:os';
import { endOf } from '../../../core/pool/ends.ts';
import { InOrder } from '../../../core/pool/order.ts';
import type { AttemptOutcome, TaskEnd, TaskSettlement } from '../../../core/pool/outcome.ts';
import type { TaskSpec } from '../../../core/pool/task.ts';
import { ProcctlError } from '../../../errors.ts';
import type { BatchMeta, LogEntry } from '../../../protocol/remote/batch.ts';
import { attemptJob, attemptJobId } from '../../../protocol/remote/batch-job.ts';
import { FORMAT_VERSION, readJob } from '../../../protocol/remote/job.ts';
import { show } from '../../../protocol/show.ts';
import type { PoolCounts, PoolView } from '../../../render/pool-view.ts';
import type { Measured } from '../../lane/attempt.ts';
import { SpillSpace } from '../../output/spill-buffer.ts';
import type { OutputMode, Release } from '../../output/task-output.ts';
import type { PoolResult, PoolRunEvents } from '../../pool/pool-run-ports.ts';
import { attemptRecordOf, recordOf } from '../../pool/task-run.ts';
import type { Link } from '../link.ts';
import { readSignedEnd, type Signer } from '../signature.ts';
import { Submitted } from '../submitted.ts';
import { BatchLog } from './batch-log.ts';
import { BatchMender } from './batch-mender.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { BatchStore } from './batch-store.ts';
import { followedCounts, followedView } from './follow-view.ts';
import { FollowedOutputs } from './followed-outputs.ts';
import { FollowedTask } from './followed-task.ts';

/** Output waiting for its reader: past the first figure nothing more is read, below the second it is again. */
const PRESSURE_ON_BYTES = 1024 * 1024;
const PRESSURE_OFF_BYTES = 256 * 1024;
/** Tasks whose end is known, and whose output is being read, at a time. */
const MAX_UNREAD = 32;
/** How often it is looked whether what is waited for can still come, ms. */
const LOOK_MS = 5_000;

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(constants.signals));

export interface FollowOptions {
  readonly isOrdered: boolean;
  readonly output: (space: SpillSpace, release: Release) => OutputMode;
  /** For output that is spilled to disk. */
  directory(): string;
}

export interface FollowPorts {
  /** Ends have to be signed with it; undefined: they need not. */
  readonly signer: Signer | undefined;
  readonly link: Link;
  readonly store: BatchStore;
  readonly queue: BatchQueue;
}

const UNREADABLE = '(a task that cannot be read)';

/** A task as it is kept; of what cannot be read, its number. */
const taskOf = (seq: number, text: string | null): TaskSpec => {
  try {
    const { task } = readJob(JSON.parse(text ?? ''), SIGNALS);
    if (task.seq === seq) return task;
  } catch {
    // As below.
  }
  return { seq, id: String(seq), name: UNREADABLE, command: { kind: 'shell', line: '' } };
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Follows a batch from its beginning to its end, and changes nothing in it. What has become of a task, workers have decided. */
export class FollowRun {
  readonly #meta: BatchMeta;
  readonly #total: number;
  readonly #ports: FollowPorts;
  readonly #events: PoolRunEvents;
  readonly #log: BatchLog;
  readonly #outputs: FollowedOutputs;
  readonly #mender: BatchMender;
  readonly #output: OutputMode;
  readonly #order = new InOrder<() => void>();
  readonly #tasks = new Map<number, FollowedTask>();
  /** A bit for each task. */
  readonly #settled: Uint8Array;
  readonly #ends: Record<TaskEnd, number> = { succeeded: 0, failed: 0, timedOut: 0, cancelled: 0, skipped: 0 };
  #isThrottled = false;
  #isOver = false;
  #goOn = (): void => {};

  /** @param meta of a batch that is sealed */
  constructor(meta: BatchMeta, ports: FollowPorts, options: FollowOptions, events: PoolRunEvents = {}) {
    const { link, store } = ports;
    this.#meta = meta;
    this.#total = meta.total ?? 0;
    this.#ports = ports;
    this.#events = events;
    this.#settled = new Uint8Array(Math.ceil((this.#total + 1) / 8));
    this.#mender = new BatchMender(store, ports.queue);
    this.#log = new BatchLog(link.copy(), store.keys.detached(meta.id).log);
    this.#outputs = new FollowedOutputs(meta.id, link, store);
    const release: Release = options.isOrdered
      ? (seq, write) => this.#write(this.#order.add(seq, write))
      : (_seq, write) => write();
    this.#output = options.output(new SpillSpace(options.directory), release);
  }

  /**
   * Resolves once all tasks have settled; to be called once.
   *
   * @returns undefined: it was left before that
   * @throws ProcctlError ERR_BATCH_LOST: it is there no more
   */
  async run(): Promise<PoolResult | undefined> {
    try {
      while (!this.#isOver && this.#settledCount < this.#total) {
        const entries = await this.#log.next();
        if (this.#isOver) return undefined;
        if (entries.length === 0) await this.#lookAfter();
        await this.#load(entries);
        for (const entry of entries) this.#take(entry);
        this.#events.onChange?.();
        await this.#room();
      }
      return this.#isOver ? undefined : await this.#result();
    } finally {
      this.leave();
    }
  }

  /** Follows no more. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#log.stop();
    this.#outputs.stop();
    this.#goOn();
  }

  /** To be told how much output waits for its reader. */
  pressure(pendingBytes: number): void {
    const isHigh = this.#isThrottled ? pendingBytes > PRESSURE_OFF_BYTES : pendingBytes > PRESSURE_ON_BYTES;
    if (isHigh === this.#isThrottled) return;
    this.#isThrottled = isHigh;
    this.#outputs.setPaused(isHigh && this.#output.isStreaming);
    this.#goOn();
  }

  get counts(): PoolCounts {
    return followedCounts(this.#total, this.#tasks.values(), this.#ends);
  }

  view(): PoolView {
    return followedView(this.#meta, this.#tasks.values(), this.counts, Date.now());
  }

  /** Waits until there is room for more. */
  async #room(): Promise<void> {
    while (!this.#isOver && (this.#isThrottled || this.#outputs.unreadCount >= MAX_UNREAD)) {
      await new Promise<void>((resolve) => {
        this.#goOn = resolve;
        // What is lost on the way has to be noticed even then.
        setTimeout(resolve, LOOK_MS).unref();
      });
      if (!this.#isOver && !this.#isThrottled) await this.#outputs.giveUpLost();
    }
  }

  /** Nothing has come for a while. */
  async #lookAfter(): Promise<void> {
    const { link, store } = this.#ports;
    if (!link.isUp || this.#isOver) return;
    const meta = await store.meta(this.#meta.id).catch(() => null);
    if (meta === undefined) {
      throw new ProcctlError('ERR_BATCH_LOST', `the batch ${show(this.#meta.name)} is there no more`, {
        hint: 'somebody has removed it, its time is over, or Redis has lost it',
      });
    }
    if (meta === null) return;
    await this.#outputs.giveUpLost();
    await this.#mender.mend(meta).catch(() => {});
  }

  /** Gets the tasks that are named for the first time. */
  async #load(entries: readonly LogEntry[]): Promise<void> {
    const isNew = ({ seq }: LogEntry): boolean => seq <= this.#total && !this.#isSettled(seq) && !this.#tasks.has(seq);
    const seqs = [...new Set(entries.filter(isNew).map(({ seq }) => seq))];
    if (seqs.length === 0) return;
    const { store } = this.#ports;
    const texts = await store.redis.hmget(store.keys.detached(this.#meta.id).tasks, ...seqs.map(String));
    for (const [index, seq] of seqs.entries()) {
      const task = taskOf(seq, texts[index] ?? null);
      this.#tasks.set(seq, new FollowedTask(task, this.#output.open(task)));
    }
  }

  #take(entry: LogEntry): void {
    const task = this.#tasks.get(entry.seq);
    if (task === undefined) return;
    if (task.end !== undefined) {
      task.later.push(entry);
      return;
    }
    switch (entry.kind) {
      case 'begun':
        this.#begun(task, entry);
        break;
      case 'back':
        task.current?.stalled();
        break;
      case 'end':
        this.#end(task, entry);
        break;
      case 'held':
        this.#held(task, entry);
        break;
      default:
        entry satisfies never;
    }
  }

  #begun(task: FollowedTask, entry: Extract<LogEntry, { kind: 'begun' }>): void {
    const { host, pid, execution, hasOutput } = entry;
    const current = this.#currentOf(task, entry);
    const before = current.execution;
    current.progress({ version: FORMAT_VERSION, host, taskPid: pid, slot: 0, execution, streams: hasOutput });
    this.#outputs.follow(task, current, before);
  }

  #end(task: FollowedTask, entry: Extract<LogEntry, { kind: 'end' }>): void {
    const current = this.#currentOf(task, entry);
    const before = current.execution;
    const record = jsonOf(entry.record);
    const { slot } = (record ?? {}) as { slot?: unknown };
    task.run.slot = typeof slot === 'number' ? slot : 0;
    task.end = entry;
    const isWhole = current.ended(readSignedEnd(this.#ports.signer, current.jobId, record));
    this.#outputs.follow(task, current, before);
    if (isWhole) current.settle();
  }

  #held(task: FollowedTask, { attempt, state }: Extract<LogEntry, { kind: 'held' }>): void {
    const { lastEnd, run } = task;
    if (attempt === 0 || lastEnd === undefined) this.#settle(task, { end: 'cancelled', attempts: 0 });
    else this.#settle(task, { end: state, outcome: lastEnd.outcome, attempts: attempt, slot: run.slot });
  }

  /** The attempt that an entry is about. */
  #currentOf(task: FollowedTask, { seq, attempt, at }: LogEntry): Submitted {
    if (task.current !== undefined && task.run.attempt === attempt) return task.current;
    task.begin(attempt, at);
    const current = new Submitted(
      attemptJobId(attemptJob(this.#meta.id, seq, attempt)),
      {
        task: task.task,
        slot: 0,
        attempt,
        onData: (stream, chunk) => task.data(stream, chunk),
        onBegunAnew: () => task.run.output.restart(),
        onTimeLimit: (limitMs) => {
          task.run.limitMs = limitMs;
        },
        onEnded: (outcome, measured) => this.#ended(task, outcome, measured),
      },
      this.#ports.signer !== undefined,
    );
    task.current = current;
    return current;
  }

  #ended(task: FollowedTask, outcome: AttemptOutcome, measured: Measured | undefined): void {
    const { end: entry, current, run } = task;
    if (entry === undefined || current === undefined) return;
    this.#outputs.forget(task, current);
    const seen = task.finish(outcome, measured, entry.at);
    // What the log says of success has to be borne out by the end itself, which may be signed.
    const isBorneOut = entry.state !== 'succeeded' || endOf(seen, null) === 'succeeded';
    const state = isBorneOut ? entry.state : 'failed';
    task.end = undefined;
    task.current = undefined;
    const { attempt, isFinal, delayMs } = entry;
    const settlement: TaskSettlement = { end: state, outcome: seen, attempts: attempt, slot: run.slot };
    const isKept = !isFinal || run.output.keep?.(recordOf(task.task, settlement, run)) !== false;
    if (isKept) this.#events.onAttempt?.(attemptRecordOf(run, isFinal, state, seen), task.task);
    if (isFinal) this.#settle(task, settlement);
    else {
      task.lastEnd = { outcome: seen, state };
      task.isWaiting = true;
      const timedOut = state === 'timedOut';
      const retry = { tag: 'retry', task: task.task, attempt, outcome: seen, delayMs, timedOut, displaced: 0 } as const;
      this.#events.onRetry?.(retry, run.limitMs);
      while (task.end === undefined && task.later.length > 0) this.#take(task.later.shift() as LogEntry);
    }
    this.#goOn();
  }

  #settle(task: FollowedTask, settlement: TaskSettlement): void {
    const { seq } = task.task;
    const run = settlement.attempts === 0 ? undefined : task.run;
    this.#tasks.delete(seq);
    this.#settled[seq >> 3] = (this.#settled[seq >> 3] ?? 0) | (1 << (seq & 7));
    this.#ends[settlement.end] += 1;
    const record = recordOf(task.task, settlement, run);
    task.run.output.finish(record);
    this.#events.onSettled?.(record, settlement, task.task, run?.limitMs);
    this.#events.onChange?.();
    // Nothing more will come.
    if (this.#settledCount >= this.#total) this.#log.stop();
  }

  get #settledCount(): number {
    const { succeeded, failed, timedOut, cancelled, skipped } = this.#ends;
    return succeeded + failed + timedOut + cancelled + skipped;
  }

  #isSettled(seq: number): boolean {
    return ((this.#settled[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  /** Output whose turn has come. */
  #write(released: readonly (() => void)[]): void {
    for (const write of released) write();
    this.#output.onTurn?.(this.#order.next);
  }

  async #result(): Promise<PoolResult> {
    const { store } = this.#ports;
    const { sealedAt, endedAt, haltedBy } = (await store.meta(this.#meta.id).catch(() => undefined)) ?? this.#meta;
    return {
      counts: this.counts,
      haltedBy,
      elapsedMs: Math.max(0, (endedAt ?? Date.now()) - (sealedAt ?? 0)),
      inputError: undefined,
      leftovers: [],
      survivors: [],
      droppedBytes: 0,
    };
  }
}
