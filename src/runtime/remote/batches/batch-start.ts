import type { StartJob } from '../../../protocol/remote/batch-job.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { BatchStore } from './batch-store.ts';

/** Jobs that are put in by one message. */
const AT_ONCE = 500;

/** The place of a task in the order of its batch. */
export const orderMember = (place: number, seq: number): string => `${String(place).padStart(9, '0')}:${seq}`;

const seqOf = (member: string): number => Number(member.slice(member.indexOf(':') + 1));

/**
 * Puts the jobs of a batch into the queue, in its order. Done once more after the loss of a worker, it changes nothing: jobs
 * that are there are not added, and those that are over do nothing.
 *
 * @returns false: there was no time for all, and it is to be done elsewhere
 */
export const startBatch = async (
  { start, total }: StartJob,
  { store, queue, isEnding }: { readonly store: BatchStore; readonly queue: BatchQueue; isEnding(): boolean },
): Promise<boolean> => {
  if (!(await store.seal(start, total))) return true;
  const { order } = store.keys.detached(start);
  for (let from = 0; ; from += AT_ONCE) {
    if (isEnding()) return false;
    const members = await store.redis.zrange(order, from, from + AT_ONCE - 1);
    if (members.length === 0) break;
    await queue.add(
      start,
      members.map((member) => ({ seq: seqOf(member), attempt: 1, dueAt: 0 })),
    );
  }
  await store.redis.del(order);
  return true;
};
