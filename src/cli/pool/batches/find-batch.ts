import { ProcctlError } from '../../../errors.ts';
import type { BatchMeta } from '../../../protocol/remote/batch.ts';
import { show } from '../../../protocol/show.ts';
import { didYouMean } from '../../../protocol/suggest.ts';
import type { BatchStore } from '../../../runtime/remote/batches/batch-store.ts';

/** @throws ProcctlError ERR_BATCH: there is none of that name */
export const findBatch = async (store: BatchStore, name: string, queue: string): Promise<BatchMeta> => {
  const found = await store.find(name);
  if (found !== undefined) return found;
  const names = (await store.list()).map((batch) => batch.name);
  const near = didYouMean(name, names);
  throw new ProcctlError('ERR_BATCH', `there is no batch ${show(name)} in the queue ${queue}`, {
    hint: near === undefined ? 'procctl pool --batches --on … lists those there are' : `did you mean ${show(near)}?`,
  });
};
