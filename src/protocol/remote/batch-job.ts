import type { Backoff } from '../../core/backoff.ts';
import type { TaskSpec } from '../../core/pool/task.ts';
import { BadJob, FORMAT_VERSION, type JobData, type JobManner, jobDataOf, type RemoteJob, readJob } from './job.ts';

// Jobs of a batch only name what they are about: what is run stands beside the queue, once for all attempts, and signed.

/** A job that puts those of a batch into the queue: the batch has begun once it is there. */
export interface StartJob {
  readonly version: typeof FORMAT_VERSION;
  readonly start: string;
  readonly total: number;
}

/** A job that is one attempt at a task of a batch. */
export interface AttemptJob {
  readonly version: typeof FORMAT_VERSION;
  readonly detached: string;
  readonly seq: number;
  readonly attempt: number;
}

export const startJobId = (batch: string): string => `${batch}-start`;

/** Of an attempt. */
export const attemptJobId = ({ detached, seq, attempt }: AttemptJob): string => `${detached}-${seq}-${attempt}`;

export const attemptJob = (batch: string, seq: number, attempt: number): AttemptJob => ({
  version: FORMAT_VERSION,
  detached: batch,
  seq,
  attempt,
});

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

/** Ids of batches are ours; anything else would be part of a key. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{8,32}$/.test(value);

type Data = Readonly<Record<string, unknown>>;

/** @param data of any job; undefined: it is of another kind */
export const readBatchJob = (data: unknown): StartJob | AttemptJob | undefined => {
  if (typeof data !== 'object' || data === null) return undefined;
  const { version, start, total, detached, seq, attempt } = data as Data;
  if (version !== FORMAT_VERSION) return undefined;
  if (isId(start) && (isCount(total) || total === 0)) return { version, start, total };
  if (isId(detached) && isCount(seq) && isCount(attempt)) return { version, detached, seq, attempt };
  return undefined;
};

/** A task of a batch, as it is kept: all that is run, and how often. */
export interface BatchTaskData extends JobData {
  readonly retries: number;
  /** `[first, longest]`, ms. */
  readonly retryDelay: readonly [number, number];
  /** Bytes; more is not kept, and the task has failed. */
  readonly outputMax: number;
}

/** How the tasks of a batch are run that do not say. */
export interface BatchDefaults extends JobManner {
  readonly batch: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly retryDelay: Backoff;
  readonly outputMax: number;
  readonly isSilent: boolean;
}

export const batchTaskData = (task: TaskSpec, defaults: BatchDefaults): BatchTaskData => {
  const { isSilent, outputMax } = defaults;
  const { retries = defaults.retries, retryDelay = defaults.retryDelay, timeoutMs = defaults.timeoutMs } = task;
  const { attempt: _, ...data } = jobDataOf(task, { attempt: 1, timeoutMs, batch: defaults.batch }, defaults);
  return {
    ...data,
    output: isSilent ? 'none' : 'stream',
    retries,
    retryDelay: [retryDelay.minMs, retryDelay.maxMs],
    outputMax,
  };
};

/** What the signature of a task of a batch is about, in the place of the id of a job. */
export const signedIdOf = (batch: string, seq: number): string => `${batch}-${seq}`;

/** A task of a batch, checked. */
export interface BatchTask extends RemoteJob {
  readonly retries: number;
  readonly retryDelay: Backoff;
  readonly outputMax: number;
}

const isAmount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * @param ref which of all tasks it is to be
 * @throws BadJob
 */
export const readBatchTask = (data: unknown, ref: AttemptJob, signals: ReadonlySet<string>): BatchTask => {
  const job = readJob(data, signals);
  const { retries, retryDelay, outputMax, batch } = data as Partial<BatchTaskData>;
  if (batch !== ref.detached || job.task.seq !== ref.seq) throw new BadJob('it is another task of another batch');
  if (!isAmount(retries)) throw new BadJob('retries: expected a whole number');
  if (!Array.isArray(retryDelay) || !isAmount(retryDelay[0]) || !isAmount(retryDelay[1])) {
    throw new BadJob('retryDelay: expected [ms, ms]');
  }
  if (!isAmount(outputMax)) throw new BadJob('outputMax: expected a whole number');
  const [minMs, maxMs] = retryDelay as [number, number];
  return { ...job, attempt: ref.attempt, retries, retryDelay: { minMs, maxMs }, outputMax };
};
