import { EXIT } from '../../../errors.ts';
import { batchJson, batchRows } from '../../../render/batch-table.ts';
import { plainTable } from '../../../render/process-table.ts';
import { BatchStore } from '../../../runtime/remote/batches/batch-store.ts';
import { withLink } from '../../remote/with-link.ts';
import { say } from '../../tell.ts';
import { READER_GONE, writeStdout } from '../../write-stdout.ts';
import type { PoolFlags } from '../flags.ts';

/** Prints the batches of a queue; resolves to the exit status. */
export const listBatches = async (url: string, flags: PoolFlags): Promise<number> => {
  const tell = (line: string): void => {
    if (!flags.quiet) say(line);
  };
  const batches = await withLink(url, flags, tell, ({ link }) => new BatchStore(link.redis, flags.queue).list());
  const text = flags.json ? `${JSON.stringify(batches.map(batchJson))}\n` : plainTable(batchRows(batches, Date.now()));
  return (await writeStdout(text)) ? EXIT.done : READER_GONE;
};
