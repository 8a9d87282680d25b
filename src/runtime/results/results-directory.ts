import { accessSync, constants, statSync } from 'node:fs';
import { ProcctlError } from '../../errors.ts';
import { makeDirectory } from '../make-directory.ts';
import { reasonOf } from './reason.ts';
import type { Results, ResultsOptions } from './results.ts';
import { ResultsFolder } from './results-folder.ts';

/** No room, or a broken disk: procctl was used as it should be. */
const DISK_TROUBLE = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

/** Why `--results` cannot be had: wrong use, unless it is the disk. */
export const cannotHave = (path: string, cause: unknown): ProcctlError => {
  const code = DISK_TROUBLE.has((cause as NodeJS.ErrnoException).code ?? '') ? 'ERR_RESULTS_LOST' : 'ERR_RESULTS';
  return new ProcctlError(code, `--results ${path}: ${reasonOf(cause)}`, { cause });
};

/** Makes the directory, with what is missing of its path. @throws ProcctlError when tasks could not have folders in it */
export const prepareDirectory = (path: string): void => {
  try {
    makeDirectory(path);
    if (!statSync(path).isDirectory()) throw new Error('there is a file of that name');
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw cannotHave(path, error);
  }
};

/** `--results DIR`: a folder for each task. @param path a directory that can be written */
export const resultsDirectory = (path: string, options: ResultsOptions): Results => ({
  mode: () => ({ isStreaming: false, open: (task) => new ResultsFolder(path, task, options) }),
  close: () => {},
});
