import type { Command } from 'commander';
import { ProcctlError } from '../../../errors.ts';

/** What is remembered from one run to the next. */
export interface JournalFlags {
  readonly journal?: string;
  readonly resume: boolean;
  readonly retryFailed: boolean;
  readonly show?: string;
  readonly timeline?: string;
}

export const addJournalOptions = (command: Command): Command =>
  command
    .optionsGroup('Journal:')
    .option(
      '--journal <file>',
      'append how each attempt ended to a file, so that a later run can go on (default: none)',
    )
    .option('--resume', 'run only what has not succeeded, as far as the journal knows', false)
    .option('--retry-failed', 'run only what has failed, as far as the journal knows', false)
    .option('--show <journal>', 'run nothing, show what a journal tells; with --json, --timeline (default: off)')
    .option('--timeline <file.svg>', 'with --show: also write the slots over time as SVG (default: none)');

/** What goes with `--show`: it runs nothing, so no other option would have a meaning. */
const OF_SHOW: ReadonlySet<string> = new Set(['show', 'timeline', 'json', 'color']);

/** @throws ProcctlError ERR_USAGE for anything given that `--show` would ignore */
export const checkShow = (command: Command, tasks: string | undefined, flags: JournalFlags): void => {
  if (flags.show === '') throw new ProcctlError('ERR_USAGE', '--show needs the name of a journal');
  if (flags.timeline === '') throw new ProcctlError('ERR_USAGE', '--timeline needs the name of a file');
  if (tasks !== undefined) throw new ProcctlError('ERR_USAGE', '--show runs no tasks', { hint: 'leave the tasks out' });
  const other = command.options.find((option) => {
    const name = option.attributeName();
    return !OF_SHOW.has(name) && command.getOptionValueSource(name) === 'cli';
  });
  if (other === undefined) return;
  throw new ProcctlError('ERR_USAGE', `${other.long} does not go with --show`, { hint: 'leave one of them out' });
};

export const checkJournalFlags = ({ journal, resume, retryFailed, timeline }: JournalFlags): void => {
  const hint = 'give the --journal <file> of the earlier run';
  if (journal === '') throw new ProcctlError('ERR_USAGE', '--journal needs the name of a file');
  if (resume && retryFailed) {
    throw new ProcctlError('ERR_USAGE', '--resume runs what has failed as well', { hint: 'leave one of them out' });
  }
  if (timeline !== undefined) {
    throw new ProcctlError('ERR_USAGE', '--timeline goes with --show', {
      hint: 'once the run has ended, or while it runs',
    });
  }
  if (journal !== undefined) return;
  if (resume) throw new ProcctlError('ERR_USAGE', '--resume needs a journal', { hint });
  if (retryFailed) throw new ProcctlError('ERR_USAGE', '--retry-failed needs a journal', { hint });
};
