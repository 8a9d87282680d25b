import { Command } from 'commander';
import type { DaemonFlags } from './run-daemon.lazy.ts';

type SetStatus = (status: number) => void;

const load = () => import('./run-daemon.lazy.ts');

/** `procctl daemon start|stop|status|reload`; the exit status goes to `setStatus`. */
export const daemonCommand = (setStatus: SetStatus): Command => {
  const daemon = new Command('daemon')
    .summary('start, stop, replace or look at the daemon')
    .description(
      'The daemon supervises processes. The first command that needs it starts it; there is one for each PROCCTL_HOME. It can be killed without harm: what it runs goes on, and the next daemon takes over.',
    );
  daemon
    .command('start')
    .description('Start the daemon if it is not running.')
    .option('--restore', 'start again what ended with the last daemon, or with the machine', false)
    .option('--json', 'say its state as JSON', false)
    .action(async (flags: DaemonFlags) => setStatus(await (await load()).startCommand(flags)));
  daemon
    .command('stop')
    .description('End all processes, and the daemon.')
    .option('--keep', 'leave the processes running, for the next daemon to take over', false)
    .option('--json', 'say what was ended as a JSON array', false)
    .action(async (flags: DaemonFlags) => setStatus(await (await load()).stopCommand(flags)));
  daemon
    .command('status')
    .description('Say whether the daemon is running (exit status 0) or not (1), and where.')
    .option('--json', 'as JSON: running, pid, version, home, socket, startedAt, processes, alive, memoryBytes', false)
    .action(async (flags: DaemonFlags) => setStatus(await (await load()).statusCommand(flags)));
  daemon
    .command('reload')
    .description('Put the installed version of the daemon in the place of the running one; processes run on.')
    .option('--json', 'say its state as JSON', false)
    .action(async (flags: DaemonFlags) => setStatus(await (await load()).reloadCommand(flags)));
  return daemon;
};
