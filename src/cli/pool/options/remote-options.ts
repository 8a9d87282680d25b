import { type Command, Option } from 'commander';
import { ProcctlError } from '../../../errors.ts';
import { DEFAULT_QUEUE } from '../../../protocol/remote/keys.ts';
import { addConnectOptions, type ConnectFlags, DEFAULT_CONNECT_TIMEOUT_MS } from '../../remote/connect-options.ts';
import type { PoolFlags } from '../flags.ts';

/** Whether tasks run on other machines. */
export interface RemoteFlags extends ConnectFlags {
  /** The address of Redis; null: they run here. */
  readonly on: string | null;
}

export const addRemoteOptions = (command: Command): Command =>
  addConnectOptions(
    command
      .optionsGroup('Other machines:')
      .addOption(
        new Option(
          '--on <redis url>',
          'run the tasks by the workers of a queue (procctl worker); --size is then how many are in the queue at a time (500)',
        ).default(null, 'on this machine'),
      ),
  );

const usage = (message: string, hint: string): ProcctlError => new ProcctlError('ERR_USAGE', message, { hint });

/** Options that look at, or act upon, the machine where tasks run. */
const localOption = (flags: PoolFlags): string | undefined => {
  if (flags.load !== undefined) return '--load';
  if (flags.memfree !== undefined) return '--memfree';
  if (flags.delay !== 0) return '--delay';
  return flags.runner === 'auto' ? undefined : '--runner';
};

/** @throws ProcctlError ERR_USAGE for what does not go with `--on`, or without it */
export const checkRemoteFlags = (flags: PoolFlags): void => {
  const { on, queue, connectTimeout, nice } = flags;
  if (on === null) {
    const other =
      queue !== DEFAULT_QUEUE
        ? '--queue'
        : connectTimeout !== DEFAULT_CONNECT_TIMEOUT_MS
          ? '--connect-timeout'
          : undefined;
    if (other !== undefined) throw usage(`${other} goes with --on`, 'add --on redis://host');
    return;
  }
  const local = localOption(flags);
  if (local !== undefined) throw usage(`${local} does not go with --on`, 'leave one of them out');
  if (nice < 0) throw usage('--nice below 0 does not go with --on', 'give one from 0 to 19');
};
