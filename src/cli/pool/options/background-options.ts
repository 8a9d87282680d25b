import { type Command, Option } from 'commander';
import { parseProcessName } from '../../../core/process/name.ts';
import { ProcctlError } from '../../../errors.ts';
import { checkedOption } from '../../options.ts';
import type { InputFlags } from './input-options.ts';
import type { ViewFlags } from './view-options.ts';

/** Whether the batch runs in the background, and under which name. */
export interface BackgroundFlags {
  readonly detach: boolean;
  /** null: made from the name of the tasks file, or of the program. */
  readonly name: string | null;
}

export const addBackgroundOptions = (command: Command): Command =>
  command
    .optionsGroup('Background:')
    .option(
      '--detach',
      'hand the batch to the daemon, and print its name: see it with ps, logs, wait, stop; with --on, to the workers: see it with --follow',
      false,
    )
    .addOption(
      new Option('--name <name>', 'name of a batch in the background')
        .argParser(checkedOption(parseProcessName))
        .default(null, 'pool- and the name of the tasks file, or of the program'),
    );

/** @throws ProcctlError ERR_USAGE for what makes no sense with `--detach`, or without it */
export const checkBackgroundFlags = (flags: BackgroundFlags & ViewFlags & InputFlags): void => {
  const { detach, name, progress, dryRun } = flags;
  if (name !== null && !detach) {
    throw new ProcctlError('ERR_USAGE', '--name names a batch in the background', { hint: 'add --detach' });
  }
  if (!detach) return;
  const hint = 'leave one of them out';
  if (dryRun) throw new ProcctlError('ERR_USAGE', '--dry-run runs nothing that could be detached', { hint });
  if (progress === 'bar' || progress === 'plain') {
    throw new ProcctlError('ERR_USAGE', `--progress ${progress} has nobody to watch it with --detach`, {
      hint: `${hint}; procctl logs shows what the tasks write`,
    });
  }
};
