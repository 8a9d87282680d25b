import { printable } from '../../../core/printable.ts';
import { EXIT, ProcctlError } from '../../../errors.ts';
import { show } from '../../../protocol/show.ts';
import { clearBatch } from '../../../runtime/remote/batches/batch-removal.ts';
import type { PoolFlags } from '../flags.ts';
import { onBatch } from './on-batch.ts';

/** Forgets a batch that has ended; resolves to the exit status. */
export const removeBatch = (url: string, name: string, flags: PoolFlags): Promise<number> =>
  onBatch(url, name, flags, async ({ batch, store, queue, tell }) => {
    if (batch.sealedAt !== null && batch.endedAt === null) {
      throw new ProcctlError('ERR_BATCH', `the batch ${show(name)} has not ended`, {
        hint: 'stop it first: procctl pool --stop NAME --on …',
      });
    }
    await clearBatch(store, queue, batch);
    tell(`${printable(batch.name)} is removed`);
    return EXIT.done;
  });
