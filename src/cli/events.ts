import { Command, Option } from 'commander';
import { ProcctlError } from '../errors.ts';
import { checkedOption } from './options.ts';
import type { EventsFlags } from './run-events.lazy.ts';

const count = (text: string): number => {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ProcctlError('ERR_USAGE', `expected a whole number or "all", got "${text}"`);
};

/** `procctl events`; the exit status goes to `setStatus`. */
export const eventsCommand = (setStatus: (status: number) => void): Command =>
  new Command('events')
    .summary('show what happened: starts, exits, restarts, stops')
    .description('Show the history of events, the oldest first. It is kept on disk, and bounded: about 5 MiB.')
    .argument('[names...]', 'only events of processes with these names or ids')
    .option('-f, --follow', 'go on with new events as they happen', false)
    .addOption(
      new Option('-n, --lines <k>', 'the last events, or all').argParser(checkedOption(count)).default(50, '50'),
    )
    .option('--json', 'as NDJSON, as they are kept', false)
    .action(async (names: string[], flags: EventsFlags) => {
      const { runEvents } = await import('./run-events.lazy.ts');
      setStatus(await runEvents(names, flags));
    });
