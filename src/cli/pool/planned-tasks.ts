import { constants } from 'node:fs';
import type { TaskSpec } from '../../core/pool/task.ts';
import { Ledger } from '../../protocol/journal/ledger.ts';
import type { JournalOptions } from '../../runtime/journal/journal.ts';
import { openRegular, readJournal } from '../../runtime/journal/read-journal.ts';
import { taskKey } from '../../runtime/journal/task-key.ts';

const readLedger = async (file: string, mode: JournalOptions['mode']): Promise<Ledger> => {
  const ledger = new Ledger();
  try {
    const handle = await openRegular(file, constants.O_RDONLY);
    try {
      await readJournal(handle, file, (record) => ledger.add(record));
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
    if (cause?.code !== 'ENOENT' || mode === 'retryFailed') throw error;
  }
  ledger.end();
  return ledger;
};

/**
 * The tasks that a run with this journal would start, for `--dry-run`; the journal is only read.
 *
 * Throws ProcctlError ERR_JOURNAL when it cannot be.
 */
export async function* plannedTasks(
  tasks: AsyncIterable<readonly TaskSpec[]>,
  { file, mode, directory }: Pick<JournalOptions, 'file' | 'mode' | 'directory'>,
): AsyncGenerator<readonly TaskSpec[]> {
  const ledger = await readLedger(file, mode);
  const isLeftOut = (task: TaskSpec): boolean => {
    const key = taskKey(task, directory);
    return mode === 'resume' ? ledger.takeSucceeded(key) : !ledger.takeFailed(key);
  };
  for await (const batch of tasks) yield mode === 'all' ? batch : batch.filter((task) => !isLeftOut(task));
}
