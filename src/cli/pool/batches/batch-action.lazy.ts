import type { PoolFlags } from '../flags.ts';
import type { BatchAction } from '../options/batch-options.ts';
import { followBatch } from './follow-batch.ts';
import { listBatches } from './list-batches.ts';
import { removeBatch } from './remove-batch.ts';
import { stopBatch } from './stop-batch.ts';

/** Does something with batches that are there; resolves to the exit status. */
export const runBatchAction = (action: BatchAction, flags: PoolFlags): Promise<number> => {
  const { on, follow = '', stop = '', remove = '' } = flags;
  const url = on ?? '';
  switch (action) {
    case 'follow':
      return followBatch(url, follow, flags);
    case 'stop':
      return stopBatch(url, stop, flags);
    case 'remove':
      return removeBatch(url, remove, flags);
    case 'batches':
      return listBatches(url, flags);
  }
};
