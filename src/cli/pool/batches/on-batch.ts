import type { BatchMeta } from '../../../protocol/remote/batch.ts';
import { BatchQueue } from '../../../runtime/remote/batches/batch-queue.ts';
import { BatchStore } from '../../../runtime/remote/batches/batch-store.ts';
import { withLink } from '../../remote/with-link.ts';
import { say } from '../../tell.ts';
import type { PoolFlags } from '../flags.ts';
import { findBatch } from './find-batch.ts';

/** A batch, and what is done to it is done by. */
export interface BatchAtHand {
  readonly batch: BatchMeta;
  readonly store: BatchStore;
  readonly queue: BatchQueue;
  /** Says a line, unless nothing is to be said. */
  readonly tell: (line: string) => void;
}

/**
 * Connects, finds a batch, does something to it, and goes.
 *
 * @throws ProcctlError ERR_BATCH when there is none of that name, ERR_REDIS when Redis is away for too long, and what `act` throws
 */
export const onBatch = (
  url: string,
  name: string,
  flags: PoolFlags,
  act: (at: BatchAtHand) => Promise<number>,
): Promise<number> => {
  const tell = (line: string): void => {
    if (!flags.quiet) say(line);
  };
  return withLink(url, flags, tell, async ({ packages, link }) => {
    const store = new BatchStore(link.redis, flags.queue);
    const batch = await findBatch(store, name, flags.queue);
    const queue = new BatchQueue(packages, store, flags.queue);
    try {
      return await act({ batch, store, queue, tell });
    } finally {
      if (link.isUp) await queue.close().catch(() => {});
    }
  });
};
