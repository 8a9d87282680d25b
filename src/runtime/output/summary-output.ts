import { LastLines } from '../../core/last-lines.ts';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { SummaryTally } from '../../core/pool/summary.ts';
import { decodeBytes } from '../../protocol/bytes.ts';
import type { TaskRecord } from '../../protocol/task-record.ts';
import type { OutputMode } from './task-output.ts';

const TAIL_LINES = 3;
const TAIL_BYTES = 2048;

const outcomeOf = ({ exitCode, signal, error }: TaskRecord): AttemptOutcome | undefined => {
  if (error !== null) return { kind: 'error', ...error };
  if (signal !== null) return { kind: 'signaled', signal };
  return exitCode === null ? undefined : { kind: 'exited', exitCode };
};

/** `--summary`: shows nothing, and tells the tally of each attempt and task, with the end of what it says on standard error. */
export const summaryOutput = (tally: SummaryTally): OutputMode => ({
  isStreaming: false,
  open: () => {
    let tail: LastLines | undefined;
    return {
      begin: () => {
        tail?.clear();
        tally.begun();
      },
      data: (stream, chunk) => {
        if (stream === 'stdout') return;
        tail ??= new LastLines(TAIL_LINES, TAIL_BYTES);
        tail.push(chunk);
      },
      ended: (_isWhole, durationMs) => tally.ended(durationMs),
      restart: () => {},
      finish: (record) => {
        const { id, name, state: end, attempts, durationMs } = record;
        if (durationMs === null) return;
        const lastLines = end === 'failed' || end === 'timedOut' ? (tail?.lines(decodeBytes) ?? []) : [];
        tally.settled({ id, name, end, attempts, durationMs, outcome: outcomeOf(record), lastLines });
      },
    };
  },
});
