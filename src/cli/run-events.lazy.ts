import { constants } from 'node:os';
import { EXIT, exitStatusOfSignal } from '../errors.ts';
import { eventText } from '../render/event-text.ts';
import { locateHome } from '../runtime/home.ts';
import { LogWatch } from '../runtime/logs/log-watch.ts';
import { EventCursor } from '../runtime/supervise/event-cursor.ts';
import type { HistoryEvent } from '../runtime/supervise/event-log.ts';
import { READER_GONE, writeStdout } from './write-stdout.ts';

export interface EventsFlags {
  readonly follow: boolean;
  readonly lines: number;
  readonly json: boolean;
}

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Shows the history of events; resolves to the exit status. */
export const runEvents = async (names: readonly string[], flags: EventsFlags): Promise<number> => {
  const { events: directory } = locateHome();
  const wanted = new Set(names);
  const isWanted = ({ id, name }: HistoryEvent): boolean =>
    wanted.size === 0 || (name !== undefined && wanted.has(name)) || (id !== undefined && wanted.has(String(id)));
  const show = (events: readonly HistoryEvent[]): Promise<boolean> =>
    writeStdout(events.map((event) => (flags.json ? `${JSON.stringify(event)}\n` : `${eventText(event)}\n`)).join(''));
  const cursor = new EventCursor(directory);
  const earlier = cursor.read().filter(isWanted);
  if (!(await show(flags.lines === 0 ? [] : earlier.slice(-flags.lines)))) return READER_GONE;
  if (!flags.follow) return EXIT.done;

  const over = new AbortController();
  let status: number = EXIT.done;
  for (const name of ENDING_SIGNALS) {
    process.once(name, () => {
      status = exitStatusOfSignal(constants.signals[name]);
      over.abort();
    });
  }
  const watch = new LogWatch([directory]);
  try {
    while (!over.signal.aborted) {
      await watch.wait(over.signal);
      watch.take();
      if (!(await show(cursor.read().filter(isWanted)))) return READER_GONE;
    }
    return status;
  } finally {
    watch.close();
  }
};
