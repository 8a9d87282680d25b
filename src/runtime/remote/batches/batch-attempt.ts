import { hostname } from 'node:os';
import { backoffDelay } from '../../../core/backoff.ts';
import { endOf } from '../../../core/pool/ends.ts';
import type { EndMode } from '../../../core/pool/events.ts';
import type { AttemptOutcome } from '../../../core/pool/outcome.ts';
import { type AttemptJob, attemptJobId, type BatchTask } from '../../../protocol/remote/batch-job.ts';
import {
  type EndRecord,
  outcomePart,
  type ProgressRecord,
  readEndRecord,
} from '../../../protocol/remote/end-record.ts';
import { FORMAT_VERSION } from '../../../protocol/remote/job.ts';
import type { AttemptPorts, RemoteAttempt } from '../remote-attempt.ts';
import type { BatchQueue, DueAttempt } from './batch-queue.ts';
import type { BatchStore, Begun } from './batch-store.ts';
import { insist } from './insist.ts';
import { Sweep } from './sweep.ts';

/** How often an attempt may be begun anew after the loss of its worker. */
const MAX_LOSSES = 5;

/** An attempt that has been run, or refused. */
export interface Ran {
  readonly record: EndRecord;
  /** Absent: it was not begun. */
  readonly attempt?: RemoteAttempt;
}

export interface BatchAttemptPorts {
  /** @throws Error whose message begins with a code of an error, for what is no task or not allowed */
  accept(task: string, ref: AttemptJob): BatchTask;
  run(task: BatchTask, ports: AttemptPorts): Promise<Ran>;
  sign(jobId: string, record: EndRecord): EndRecord;
  /** Whether Redis takes nothing for now. */
  isRefusal(error: Error): boolean;
  maxOutputBytes: number;
}

/** What is told of an attempt that was not run. */
export const recordOfError = (code: string, message: string, execution: number): EndRecord => ({
  version: FORMAT_VERSION,
  ...outcomePart({ kind: 'error', code, message }),
  timedOutMs: null,
  durationMs: 0,
  host: hostname(),
  pid: process.pid,
  slot: 0,
  execution,
  output: { chunks: 0, bytes: 0 },
});

const LOST = recordOfError('ERR_WORKER_LOST', 'its worker is lost', 1);

/** What stands for lost attempts of a batch that was stopped. */
export const LOST_RECORD = JSON.stringify(LOST);

/** Runs attempts of batches: what becomes of a task is decided here and in Redis, and nobody else is asked. */
export class BatchAttempts {
  readonly #store: BatchStore;
  readonly #queue: BatchQueue;
  readonly #ports: BatchAttemptPorts;

  constructor(store: BatchStore, queue: BatchQueue, ports: BatchAttemptPorts) {
    this.#store = store;
    this.#queue = queue;
    this.#ports = ports;
  }

  /**
   * Runs one to its end, and sees to it that what follows is in the queue before its own job is over.
   *
   * @returns false: it is to go back to the queue
   */
  async process(ref: AttemptJob, token: string): Promise<boolean> {
    const begun = await this.#insist(() => this.#store.begin(ref));
    if (begun.kind === 'over') return true;
    if (begun.kind === 'next') {
      await this.#addNext(ref, begun);
      return true;
    }
    const { task, ran } = await this.#run(ref, begun);
    const { attempt, record } = ran;
    // The lock may still be good, if it was renewed and only the answer was lost.
    if (attempt?.isLost) return false;
    if (attempt?.isHandedBack) {
      await this.#insist(() => this.#store.handBack(ref, begun.execution));
      return false;
    }
    await this.#settle(ref, {
      task,
      record,
      token,
      execution: begun.execution,
      isCancelled: attempt?.isCancelled ?? false,
    });
    return true;
  }

  async #run(
    ref: AttemptJob,
    { execution, losses, keepMs, task: text }: Extract<Begun, { kind: 'run' }>,
  ): Promise<{ readonly task: BatchTask | undefined; readonly ran: Ran }> {
    const failed = (code: string, message: string) => ({ record: recordOfError(code, message, execution) });
    let task: BatchTask;
    try {
      task = this.#ports.accept(text, ref);
    } catch (error) {
      const [, code = 'ERR_JOB', message = ''] = /^(ERR_[A-Z_]+): (.*)$/s.exec((error as Error).message) ?? [];
      return { task: undefined, ran: failed(code, message === '' ? (error as Error).message : message) };
    }
    if (losses >= MAX_LOSSES) {
      return { task, ran: failed('ERR_WORKER_LOST', 'its workers were lost, again and again') };
    }
    const jobId = attemptJobId(ref);
    const ran = await this.#ports.run(task, {
      jobId,
      execution,
      outputKey: this.#store.keys.output(jobId, execution),
      maxOutputBytes: Math.min(task.outputMax, this.#ports.maxOutputBytes),
      keepOutputMs: keepMs,
      tellProgress: (progress) => this.#tellProgress(ref, progress),
      wish: () => this.#look(ref.detached),
    });
    return { task, ran };
  }

  readonly #looks = new Map<string, Promise<EndMode | undefined>>();

  /** One question for all attempts at one batch that are looked after at a time. */
  #look(batch: string): Promise<EndMode | undefined> {
    const asked = this.#looks.get(batch);
    if (asked !== undefined) return asked;
    const look = this.#store.look(batch).finally(() => this.#looks.delete(batch));
    this.#looks.set(batch, look);
    return look;
  }

  /** Not into the log of a batch that is gone: it would come back. */
  async #tellProgress({ detached, seq, attempt }: AttemptJob, progress: ProgressRecord): Promise<void> {
    const { execution, host, taskPid, streams } = progress;
    const { log } = this.#store.keys.detached(detached);
    const fields = [
      'k',
      'begun',
      's',
      seq,
      'a',
      attempt,
      'x',
      execution,
      'h',
      host,
      'p',
      taskPid ?? '',
      'o',
      streams ? 1 : 0,
    ];
    await this.#store.redis.xadd(log, 'NOMKSTREAM', '*', ...fields);
  }

  async #settle(
    ref: AttemptJob,
    end: {
      readonly task: BatchTask | undefined;
      readonly record: EndRecord;
      readonly token: string;
      readonly execution: number;
      readonly isCancelled: boolean;
    },
  ): Promise<void> {
    const { task, record, token, execution, isCancelled } = end;
    const outcome: AttemptOutcome = readEndRecord(record).outcome;
    const cause = record.timedOutMs !== null ? 'timeout' : isCancelled ? 'cancel' : undefined;
    const settlement = {
      ref,
      execution,
      token,
      state: endOf(outcome, cause === undefined ? null : { cause, mode: 'graceful' }),
      retries: task?.retries ?? 0,
      delayMs: task === undefined ? 0 : backoffDelay(ref.attempt, task.retryDelay),
      record: JSON.stringify(this.#ports.sign(attemptJobId(ref), record)),
    };
    const settled = await this.#insist(() => this.#store.settle(settlement));
    if (settled.kind === 'next') await this.#addNext(ref, settled);
    else if (settled.kind === 'over' && settled.isHalted) void this.#sweep(ref.detached).catch(() => {});
  }

  async #addNext({ detached, seq }: AttemptJob, { attempt, dueAt }: Omit<DueAttempt, 'seq'>): Promise<void> {
    await this.#insist(() => this.#queue.add(detached, [{ seq, attempt, dueAt }]));
  }

  #insist<T>(step: () => Promise<T>): Promise<T> {
    return insist(step, this.#ports.isRefusal);
  }

  readonly #swept = new Set<string>();

  /** What a halted batch does not begin any more is settled now; a worker that is killed here leaves it to the next one. */
  async #sweep(batch: string): Promise<void> {
    if (this.#swept.has(batch)) return;
    this.#swept.add(batch);
    await new Sweep(this.#store, batch, LOST_RECORD).run();
  }
}
