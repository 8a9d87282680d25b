import type { TaskSpec } from '../../core/pool/task.ts';
import { showFile } from '../../protocol/show.ts';
import type { AttemptRecord } from '../../protocol/task-record.ts';
import { Journal, type JournalOptions, type RunEnd } from '../../runtime/journal/journal.ts';
import type { PoolResult } from '../../runtime/pool/pool-run-ports.ts';

export interface PoolJournalOptions extends JournalOptions {
  /** Says a line on standard error. */
  readonly say: (line: string) => void;
}

/** The journal as `procctl pool` uses it: it also counts what is left out, and says so. */
export interface PoolJournal {
  isDone(task: TaskSpec): boolean;
  /** Absent when nothing is known of any task: then no key need be made before the task has ended. */
  readonly expectedMs?: (task: TaskSpec) => number | undefined;
  record(record: AttemptRecord, task: TaskSpec): void;
  /** The same tasks; to be told of the end as soon as it is known. */
  watch(tasks: AsyncIterable<readonly TaskSpec[]>): AsyncIterable<readonly TaskSpec[]>;
  /** @param result what became of the pool; absent: it has failed. Only the first call counts */
  close(result: Pick<PoolResult, 'haltedBy' | 'counts'> | undefined): Promise<void>;
}

/** Reads one batch ahead, so that the end is known before the last batch has been worked off. */
async function* noticingEnd<T>(source: AsyncIterable<T>, onItem: (item: T) => void, onEnd: () => void) {
  const items = source[Symbol.asyncIterator]();
  const read = async (): Promise<IteratorResult<T>> => {
    const result = await items.next();
    if (result.done) onEnd();
    else onItem(result.value);
    return result;
  };
  try {
    let next = read();
    for (let result = await next; !result.done; result = await next) {
      next = read();
      next.catch(() => {}); // it is told when its turn comes
      yield result.value;
    }
  } finally {
    void items.return?.();
  }
}

const endOf = ({ haltedBy, counts }: Pick<PoolResult, 'haltedBy' | 'counts'>): RunEnd => {
  const { submitted, alreadyDone, succeeded, failed, timedOut, cancelled, skipped } = counts;
  return { haltedBy, counts: { submitted, alreadyDone, succeeded, failed, timedOut, cancelled, skipped } };
};

const tasksText = (count: number): string => `${count} ${count === 1 ? 'task' : 'tasks'}`;

/** @throws ProcctlError ERR_JOURNAL, ERR_DISK when the journal cannot be used; nothing has been run then */
export const openPoolJournal = async ({ say, ...options }: PoolJournalOptions): Promise<PoolJournal> => {
  const { mode, file } = options;
  const journal = await Journal.open(options);
  const sayDamage = (): void => {
    if (journal.damagedLines === 0) return;
    const lines = journal.damagedLines === 1 ? '1 line was' : `${journal.damagedLines} lines were`;
    say(`procctl: journal ${showFile(file)}: ${lines} cut short, and what was recorded there is not known`);
  };
  let total = 0;
  let asked = 0;
  let leftOut = 0;
  let isAllRead = false;
  let isClosed = false;
  const sayOnceKnown = (): void => {
    if (!isAllRead || asked < total || total === 0) return;
    if (mode === 'resume' && leftOut > 0)
      say(`procctl: ${leftOut} of ${tasksText(total)} ${leftOut === 1 ? 'is' : 'are'} done already`);
    const failed = total - leftOut;
    if (mode === 'retryFailed')
      say(`procctl: ${failed} of ${tasksText(total)} ${failed === 1 ? 'has' : 'have'} failed before`);
  };
  return {
    isDone: (task) => {
      const isLeftOut = journal.isDone(task);
      asked += 1;
      if (isLeftOut) leftOut += 1;
      sayOnceKnown();
      return isLeftOut;
    },
    ...(!journal.isEmpty && { expectedMs: (task: TaskSpec) => journal.expectedMs(task) }),
    record: (record, task) => journal.record(record, task),
    watch: (tasks) => {
      sayDamage();
      return mode === 'all'
        ? tasks
        : noticingEnd(
            tasks,
            (batch) => {
              total += batch.length;
            },
            () => {
              isAllRead = true;
              sayOnceKnown();
            },
          );
    },
    close: async (result) => {
      if (isClosed) return;
      isClosed = true;
      await journal.close(result && endOf(result));
    },
  };
};
