import type { BatchMeta } from '../../../protocol/remote/batch.ts';
import { attemptJob, attemptJobId } from '../../../protocol/remote/batch-job.ts';
import { readEndRecord } from '../../../protocol/remote/end-record.ts';
import { BatchLog } from './batch-log.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { BatchStore } from './batch-store.ts';

const AT_ONCE = 500;

/**
 * Takes jobs out of the queue that have nothing to do any more; workers would find that out themselves.
 *
 * The last ones first, and none that is not there: BullMQ looks for a job from the end where the last one is, and through all that wait.
 *
 * @param isOver asked before each step: nobody waits for the rest
 */
export const clearJobs = async (
  store: BatchStore,
  queue: BatchQueue,
  { id, total }: BatchMeta,
  isOver: () => boolean,
): Promise<void> => {
  const { redis, keys } = store;
  const { state } = keys.detached(id);
  await queue.takeStartBack(id);
  for (let last = total ?? 0; last >= 1 && !isOver(); last -= AT_ONCE) {
    const seqs = Array.from({ length: Math.min(AT_ONCE, last) }, (_, index) => last - index);
    const states = await redis.hmget(state, ...seqs.map(String));
    const attempts = states.map((text) => Math.max(1, Number.parseInt(text ?? '1', 10) || 1));
    const ids = seqs.map((seq, index) => attemptJobId(attemptJob(id, seq, attempts[index] ?? 1)));
    const there = await Promise.all(ids.map((jobId) => redis.exists(keys.job(jobId))));
    await queue.remove(ids.filter((_, index) => there[index] === 1));
  }
};

/** Removes all that is kept of a batch. Killed on its way, it leaves what is forgotten by itself. */
export const clearBatch = async (store: BatchStore, queue: BatchQueue, batch: BatchMeta): Promise<void> => {
  const { redis, keys } = store;
  const { meta, state, log, tasks, order } = keys.detached(batch.id);
  // First what it is found by: a job that is left finds no batch.
  if ((await redis.hget(keys.batches, batch.name)) === batch.id) await redis.hdel(keys.batches, batch.name);
  await redis.del(meta);
  if (batch.endedAt === null) await queue.takeStartBack(batch.id);
  const entries = new BatchLog(redis, log);
  for (let page = await entries.past(); page.length > 0; page = await entries.past()) {
    const outputs = page.flatMap((entry) => {
      // What an execution wrote that was lost with its worker stands there as well.
      const hasOutput =
        entry.kind === 'end'
          ? readEndRecord(jsonOf(entry.record)).chunks > 0
          : entry.kind === 'begun' && entry.hasOutput;
      if (!hasOutput || !('execution' in entry)) return [];
      return [keys.output(attemptJobId(attemptJob(batch.id, entry.seq, entry.attempt)), entry.execution)];
    });
    if (outputs.length > 0) await redis.del(...outputs);
  }
  await redis.del(state, log, tasks, order);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
