import type { Command } from 'commander';
import { ProcctlError } from '../../../errors.ts';

/** What is remembered from one run to the next. */
export interface JournalFlags {
  readonly journal?: string;
  readonly resume: boolean;
  readonly retryFailed: boolean;
}

export const addJournalOptions = (command: Command): Command =>
  command
    .optionsGroup('Journal:')
    .option(
      '--journal <file>',
      'append how each attempt ended to a file, so that a later run can go on (default: none)',
    )
    .option('--resume', 'run only what has not succeeded, as far as the journal knows', false)
    .option('--retry-failed', 'run only what has failed, as far as the journal knows', false);

export const checkJournalFlags = ({ journal, resume, retryFailed }: JournalFlags): void => {
  const hint = 'give the --journal <file> of the earlier run';
  if (journal === '') throw new ProcctlError('ERR_USAGE', '--journal needs the name of a file');
  if (resume && retryFailed) {
    throw new ProcctlError('ERR_USAGE', '--resume runs what has failed as well', { hint: 'leave one of them out' });
  }
  if (journal !== undefined) return;
  if (resume) throw new ProcctlError('ERR_USAGE', '--resume needs a journal', { hint });
  if (retryFailed) throw new ProcctlError('ERR_USAGE', '--retry-failed needs a journal', { hint });
};
