import { printable } from '../../../core/printable.ts';
import { EXIT, ProcctlError } from '../../../errors.ts';
import { show } from '../../../protocol/show.ts';
import { BatchQueue } from '../../../runtime/remote/batches/batch-queue.ts';
import { clearBatch } from '../../../runtime/remote/batches/batch-removal.ts';
import { BatchStore } from '../../../runtime/remote/batches/batch-store.ts';
import { withLink } from '../../remote/with-link.ts';
import { say } from '../../tell.ts';
import type { PoolFlags } from '../flags.ts';
import { findBatch } from './find-batch.ts';

/** Forgets a batch that has ended; resolves to the exit status. */
export const removeBatch = (url: string, name: string, flags: PoolFlags): Promise<number> => {
  const tell = (line: string): void => {
    if (!flags.quiet) say(line);
  };
  return withLink(url, flags, tell, async ({ packages, link }) => {
    const store = new BatchStore(link.redis, flags.queue);
    const queue = new BatchQueue(packages, store, flags.queue);
    const batch = await findBatch(store, name, flags.queue);
    if (batch.sealedAt !== null && batch.endedAt === null) {
      throw new ProcctlError('ERR_BATCH', `the batch ${show(name)} has not ended`, {
        hint: 'stop it first: procctl pool --stop NAME --on …',
      });
    }
    await clearBatch(store, queue, batch);
    if (link.isUp) await queue.close().catch(() => {});
    tell(`${printable(batch.name)} is removed`);
    return EXIT.done;
  });
};
