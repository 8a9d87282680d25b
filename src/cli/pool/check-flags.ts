import { ProcctlError } from '../../errors.ts';
import type { PoolFlags } from './flags.ts';
import { checkJournalFlags } from './options/journal-options.ts';

const usage = (message: string, hint?: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', message, hint === undefined ? {} : { hint });

/**
 * Options that do not go together, or not here.
 *
 * @throws ProcctlError ERR_USAGE
 */
export const checkFlags = (flags: PoolFlags): void => {
  checkJournalFlags(flags);
  if (flags.json && flags.output === 'line') {
    throw usage('--json shows a task when it has ended, --output line before', 'leave one of them out');
  }
  if (flags.json && flags.tag) throw usage('--json has the name of the task already', 'leave --tag out');
  if (flags.nice < 0 && process.getuid?.() !== 0) throw usage('--nice: only root can go below 0');
  if (flags.progress === 'bar' && !process.stderr.isTTY) {
    throw usage('--progress bar needs a terminal on standard error', 'use --progress plain');
  }
};
