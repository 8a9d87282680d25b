import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ProcctlError } from '../../errors.ts';
import type { ResultsTarget } from '../../protocol/results/results-target.ts';
import { type JournalLock, lockJournal } from '../journal/journal-lock.ts';
import type { Results, ResultsOptions } from './results.ts';
import { cannotHave, prepareDirectory, resultsDirectory } from './results-directory.ts';
import { resultsFile } from './results-file.ts';

/** Two pools would write into each other's files. The lock of a directory stands in it: its parent may belong to others. */
const lockResults = async ({ kind, path }: ResultsTarget): Promise<JournalLock> => {
  let lock: Awaited<ReturnType<typeof lockJournal>>;
  try {
    const file = kind === 'directory' ? join(path, 'results') : path;
    lock = await lockJournal(join(realpathSync(dirname(file)), basename(file)));
  } catch (error) {
    throw cannotHave(path, error);
  }
  if ('release' in lock) return lock;
  throw new ProcctlError('ERR_RESULTS', `--results ${path}: is in use by another procctl pool, pid ${lock.pid}`, {
    hint: 'wait for it to end, or give another name',
  });
};

/** Opens what `--results` names, before anything runs. @throws ProcctlError when nothing could be kept there */
export const openResults = async (target: ResultsTarget, options: ResultsOptions): Promise<Results> => {
  const { kind, path } = target;
  if (kind === 'directory') prepareDirectory(path);
  const lock = await lockResults(target);
  try {
    const results = kind === 'directory' ? resultsDirectory(path, options) : resultsFile(kind, path, options);
    const close = (isGood: boolean): void => {
      results.close(isGood);
      lock.release();
    };
    return { mode: (space) => results.mode(space), close };
  } catch (error) {
    lock.release();
    throw error;
  }
};
