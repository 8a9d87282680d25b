import { Command } from 'commander';
import type { ShowFlags, ShowPorts } from './run-show.lazy.ts';

const HELP = `
The first line says in plain words why a process is down, or what it is waiting for. --json prints an array, also for
one process.

Examples:
  procctl show web
  procctl show web --json | jq '.[0].history'

See docs/ps.md.`;

/** `procctl show`; the exit status goes to `setStatus`. */
export const showCommand = (setStatus: (status: number) => void, ports: ShowPorts): Command =>
  new Command('show')
    .summary('show all that is known of a process')
    .description('Show all that is known of processes: state, tree, policy, earlier ends, last words, environment.')
    .argument('<names...>', 'names, ids or globs')
    .option('--env', 'show the values of environment variables too', false)
    .option('--json', 'a JSON array with an object for each process', false)
    .addHelpText('after', HELP)
    .action(async (names: string[], flags: ShowFlags) => {
      const { runShow } = await import('./run-show.lazy.ts');
      setStatus(await runShow(names, flags, ports));
    });
