import type { BatchMeta } from '../../../protocol/remote/batch.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { BatchStore } from './batch-store.ts';

/** Positions that are looked at in one step. */
const AT_ONCE = 500;

/**
 * Puts back into the queue what is lost there, a few tasks at a time: a job that BullMQ gave up, that somebody has removed, or whose
 * worker was killed between two steps when Redis, too, had lost something. Putting in what is there changes nothing.
 */
export class BatchMender {
  readonly #store: BatchStore;
  readonly #queue: BatchQueue;
  #next = 1;

  constructor(store: BatchStore, queue: BatchQueue) {
    this.#store = store;
    this.#queue = queue;
  }

  async mend({ id, total, sealedAt, endedAt }: BatchMeta): Promise<void> {
    if (total === null || sealedAt === null || endedAt !== null) return;
    if (await this.#queue.hasStart(id)) return;
    if ((await this.#store.redis.exists(this.#store.keys.detached(id).order)) === 1) {
      await this.#queue.start(id, total);
      return;
    }
    const last = Math.min(total, this.#next + AT_ONCE - 1);
    const missing = await this.#store.missing(id, this.#next, last);
    this.#next = last >= total ? 1 : last + 1;
    if (missing.length > 0) await this.#queue.add(id, missing);
  }
}
