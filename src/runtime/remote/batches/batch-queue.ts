import type { Queue } from 'bullmq';
import { attemptJob, attemptJobId, type StartJob, startJobId } from '../../../protocol/remote/batch-job.ts';
import { FORMAT_VERSION } from '../../../protocol/remote/job.ts';
import type { RemotePackages } from '../packages.ts';
import type { BatchStore } from './batch-store.ts';

/** One more attempt at a task. */
export interface DueAttempt {
  readonly seq: number;
  readonly attempt: number;
  /** ms since the epoch; 0: at once. */
  readonly dueAt: number;
}

/** How they are to be kept that are over: what has become of them stands elsewhere. */
const GONE = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

/** The jobs of batches. Each has an id of its own, so one that is put in twice is there once. */
export class BatchQueue {
  readonly queue: Queue;

  constructor({ bullmq }: RemotePackages, store: BatchStore, name: string) {
    this.queue = new bullmq.Queue(name, { connection: store.redis, skipVersionCheck: true });
    this.queue.on('error', () => {}); // the link tells
  }

  /** From now on the batch runs, whatever becomes of who has put it in. */
  async start(batch: string, total: number): Promise<void> {
    const data: StartJob = { version: FORMAT_VERSION, start: batch, total };
    await this.queue.add('start', data, { ...GONE, jobId: startJobId(batch) });
  }

  async hasStart(batch: string): Promise<boolean> {
    return (await this.queue.getJobState(startJobId(batch))) !== 'unknown';
  }

  async takeStartBack(batch: string): Promise<void> {
    await this.queue.remove(startJobId(batch));
  }

  async add(batch: string, due: readonly DueAttempt[]): Promise<void> {
    const now = Date.now();
    const jobs = due.map(({ seq, attempt, dueAt }) => {
      const data = attemptJob(batch, seq, attempt);
      const delay = Math.max(0, dueAt - now);
      return { name: 'task', data, opts: { ...GONE, jobId: attemptJobId(data), ...(delay > 0 && { delay }) } };
    });
    await this.queue.addBulk(jobs);
  }

  /** Takes out those that nobody has begun. */
  async remove(jobIds: readonly string[]): Promise<void> {
    await Promise.all(jobIds.map((id) => this.queue.remove(id)));
  }

  async close(): Promise<void> {
    await this.queue.close();
  }
}
