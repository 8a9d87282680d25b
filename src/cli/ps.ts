import { Command, Option } from 'commander';
import { ProcctlError } from '../errors.ts';
import { parseDuration } from '../protocol/duration.ts';
import { checkedOption } from './options.ts';
import type { PsFlags, PsPorts } from './run-ps.lazy.ts';

const MIN_WATCH_MS = 100;

const watchInterval = (text: string): number => {
  let ms = 0;
  try {
    ms = parseDuration(text);
  } catch (error) {
    if (!(error instanceof ProcctlError)) throw error;
    throw new ProcctlError('ERR_USAGE', error.message, { hint: 'names come first: procctl ps web --watch' });
  }
  if (ms >= MIN_WATCH_MS) return ms;
  throw new ProcctlError('ERR_USAGE', 'the shortest interval is 100ms');
};

const collected = (value: string, earlier: readonly string[]): readonly string[] => [...earlier, value];

const HELP = `
States: running (on a CPU), ready (runnable, queued for a CPU), waiting (asleep, or held back before a start),
stopping, exited, failed. The reason is in brackets: waiting (backoff 4s), exited (SIGSEGV).

Columns: id name pid alive state cpu mem uptime restarts; with --wide also on-cpu queued asleep ports command cwd;
by name also group instance reason wanted restart boot exit-code signal ended-by started exited.

Examples:
  procctl ps --sort -mem
  procctl ps --filter state=waiting --filter reason=backoff
  procctl stop $(procctl ps -q --filter 'name=web-*')
  procctl ps --json | jq -r '.[] | select(.alive | not) | .name'

See docs/ps.md.`;

/** `procctl ps`; the exit status goes to `setStatus`. */
export const psCommand = (setStatus: (status: number) => void, ports: PsPorts): Command =>
  new Command('ps')
    .summary('list processes and their states')
    .description('List supervised processes: all, or those named.')
    .argument('[names...]', 'names, ids or globs')
    .option('--wide', 'also the shares of time on a CPU, queued and asleep, ports, command, directory', false)
    .option('--columns <names>', 'show these columns, in this order: id,name,state')
    .option('--sort <column>', 'sort by a column; descending: -column or column:desc')
    .addOption(
      new Option(
        '--filter <column=value>',
        'only processes that have it: state=waiting, name=web-*; repeated: all of them',
      )
        .argParser(collected)
        .default([], 'none'),
    )
    .option('--no-headers', 'without the line of column names')
    .option('-q, --quiet', 'names only, one a line', false)
    .option('--json', 'a JSON array of processes; with --watch an NDJSON line for each look', false)
    .addOption(
      new Option('--watch [interval]', 'look again and again, redrawn in place on a terminal; q ends it')
        .argParser(checkedOption(watchInterval))
        .preset('1s'),
    )
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .addHelpText('after', HELP)
    .action(async (names: string[], flags: PsFlags) => {
      const { runPs } = await import('./run-ps.lazy.ts');
      setStatus(await runPs(names, flags, ports));
    });
