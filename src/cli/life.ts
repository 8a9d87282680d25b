import { Command, Option } from 'commander';
import { durationOption } from './options.ts';
import type { LifeFlags, WaitFlags } from './run-life.lazy.ts';

type SetStatus = (status: number) => void;

const NAMES = 'names, ids, globs, or all';

const load = () => import('./run-life.lazy.ts');

const command = (name: string, summary: string, description: string): Command =>
  new Command(name)
    .summary(summary)
    .description(description)
    .argument('<names...>', NAMES)
    .option('--json', 'say what was done as a JSON array', false);

/** The commands of a process's life after `spawn`; the exit status goes to `setStatus`. */
export const lifeCommands = (setStatus: SetStatus): Command[] => [
  command(
    'start',
    'start what is stopped',
    'Start processes that are stopped, exited or failed; those that run are left alone.',
  ).action(async (names: string[], flags: LifeFlags) => setStatus(await (await load()).runLife('start', names, flags))),
  command(
    'stop',
    'stop processes, with all they have started',
    'Ask processes to end, with all they have started, and kill what is left after their --stop-timeout. Done when nothing is left.',
  )
    .option('--now', 'kill at once (SIGKILL)', false)
    .action(async (names: string[], flags: LifeFlags) => setStatus(await (await load()).runLife('stop', names, flags))),
  command(
    'restart',
    'stop and start again',
    'Stop processes, with all they have started, and start them again.',
  ).action(async (names: string[], flags: LifeFlags) =>
    setStatus(await (await load()).runLife('restart', names, flags)),
  ),
  command('rm', 'stop and forget', 'Stop processes, and remove them from the list, with their logs.')
    .option('--now', 'kill at once (SIGKILL)', false)
    .action(async (names: string[], flags: LifeFlags) => setStatus(await (await load()).runLife('rm', names, flags))),
  command(
    'pause',
    'stop processes where they stand, for a while',
    'Stop processes where they stand, with all they have started, until they are resumed. Of one that waits for its restart, hold that.',
  ).action(async (names: string[], flags: LifeFlags) => setStatus(await (await load()).runLife('pause', names, flags))),
  command('resume', 'have paused processes go on', 'Have paused processes go on, with all they have started.').action(
    async (names: string[], flags: LifeFlags) => setStatus(await (await load()).runLife('resume', names, flags)),
  ),
  new Command('signal')
    .summary('send a signal')
    .description('Send a signal to the main program of processes: HUP, SIGUSR1, 15.')
    .argument('<signal>', 'name or number of the signal')
    .argument('<names...>', NAMES)
    .option('--tree', 'to everything the process has started', false)
    .option('--json', 'say what was done as a JSON array', false)
    .action(async (signal: string, names: string[], flags: LifeFlags & { readonly tree: boolean }) =>
      setStatus(await (await load()).runSignal(signal, names, flags)),
    ),
  new Command('wait')
    .summary('wait until processes have ended')
    .description(
      'Wait until processes have come to rest: exited and not to be restarted, or failed. Returns the exit code of the process, 128 + n if signal n ended it; of several, the first that is not 0.',
    )
    .argument('<names...>', NAMES)
    .addOption(
      new Option('--timeout <duration>', 'give up after this time, with exit status 124')
        .argParser(durationOption)
        .default(0, '0: none'),
    )
    .option('--json', 'say how they ended as a JSON array', false)
    .action(async (names: string[], flags: WaitFlags) => setStatus(await (await load()).runWait(names, flags))),
];
