import type { LifeEffect } from '../../core/process/life.ts';
import type { HistoryEvent } from './event-log.ts';

type Note = Extract<LifeEffect, { tag: 'note' }>;
type Details = Omit<HistoryEvent, 'time' | 'event'>;

/** What the history of events says of a note of the life-cycle machine. */
export const historyOf = (note: Note): Details => {
  switch (note.what) {
    case 'exited': {
      const { run, pid, outcome, uptimeMs } = note.ending;
      return {
        run,
        pid,
        exitCode: outcome.kind === 'exited' ? outcome.exitCode : null,
        signal: outcome.kind === 'signaled' ? outcome.signal : null,
        ...(outcome.kind === 'unknown' ? { unknown: outcome.why } : {}),
        uptimeMs: uptimeMs === null ? null : Math.round(uptimeMs),
      };
    }
    case 'restarting':
      return { afterMs: note.afterMs, restarts: note.restarts };
    case 'failed':
      return { reason: note.why };
    case 'paused':
    case 'resumed':
      return {};
  }
};
