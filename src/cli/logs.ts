import { isatty } from 'node:tty';
import { Command, Option } from 'commander';
import { ProcctlError } from '../errors.ts';
import { show } from '../protocol/show.ts';
import { parseSince } from '../protocol/since.ts';
import { checkedOption } from './options.ts';
import type { LoggedProcess, LogsFlags } from './run-logs.lazy.ts';

export interface LogsPorts {
  /** The processes that words of the command line mean; all for no words. Throws where a word means none. */
  select(names: readonly string[]): Promise<readonly LoggedProcess[]>;
}

const lineCount = (text: string): number => {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new ProcctlError('ERR_USAGE', `expected a whole number or "all", got ${show(text)}`);
};

const HELP = `
With neither --stdout nor --stderr (and with both), all lines are shown, those of procctl itself too.

Examples:
  procctl logs web -f
  procctl logs web --since 10m --stderr
  procctl logs 'web-*' -n all --json | jq -r 'select(.stream == "stderr") | .line'

See docs/logs.md.`;

/** `procctl logs`; the exit status goes to `setStatus`. */
export const logsCommand = (setStatus: (status: number) => void, ports: LogsPorts): Command =>
  new Command('logs')
    .summary('show what processes have written')
    .description('Show the last lines that processes have written: of all, or of those named.')
    .argument('[names...]', 'names, ids or globs')
    .option('-f, --follow', 'go on with new lines as they are written', false)
    .addOption(
      new Option(
        '-n, --lines <k>',
        'the last lines of each process, or all (default: 20; with --since: all)',
      ).argParser(checkedOption(lineCount)),
    )
    .addOption(
      new Option(
        '--since <when>',
        'lines since then: 10m (so long ago; a bare number is seconds), 2026-11-22T19:18 (default: whenever)',
      ).argParser(checkedOption((text: string) => parseSince(text, Date.now()))),
    )
    .option('--stdout', 'lines of standard output', false)
    .option('--stderr', 'lines of standard error', false)
    .option('-t, --timestamps', 'put the time (UTC) in front of each line', false)
    .option('--json', 'an NDJSON line for each line: time, id, name, stream, line', false)
    .addOption(
      new Option('--color <when>', 'colours in front of the lines of several processes')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .addHelpText('after', HELP)
    .action(async (names: string[], flags: LogsFlags) => {
      if (flags.json && flags.timestamps) {
        throw new ProcctlError('ERR_USAGE', '--json has the time already', { hint: 'leave --timestamps out' });
      }
      const processes = await ports.select(names);
      const { runLogs } = await import('./run-logs.lazy.ts');
      setStatus(await runLogs(processes, flags, { isTerminal: isatty(1), env: process.env }));
    });
