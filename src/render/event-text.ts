import { printable } from '../core/printable.ts';
import { formatDuration } from '../protocol/duration.ts';

/** An event as it is kept: NDJSON with these, and details of its own. */
export interface ShownEvent {
  readonly time: string;
  readonly event: string;
  readonly name?: string;
  readonly [detail: string]: unknown;
}

const detail = (value: unknown): string =>
  printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)));

/** What an event says besides when, what and who. */
const words = (event: ShownEvent): string => {
  const { time: _time, event: what, name: _name, id: _id, run: _run, ...details } = event;
  const lived = typeof details.uptimeMs === 'number' ? ` after ${formatDuration(details.uptimeMs)}` : '';
  switch (what) {
    case 'started':
      return `pid ${detail(details.pid)}`;
    case 'exited': {
      const how = details.signal ?? details.exitCode ?? `unknown: ${detail(details.unknown)}`;
      return `(${detail(how)})${lived}, pid ${detail(details.pid)}`;
    }
    case 'restarting':
      return details.afterMs === 0 ? 'at once' : `in ${formatDuration(Number(details.afterMs))}`;
    default:
      return Object.entries(details)
        .map(([key, value]) => `${key}=${detail(value)}`)
        .join(' ');
  }
};

/** One event on one line, for people. */
export const eventText = (event: ShownEvent): string =>
  `${event.time}  ${event.name === undefined ? '-' : printable(event.name)}  ${printable(event.event)}  ${words(event)}`.trimEnd();
