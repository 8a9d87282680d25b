// `procctl pool --show`: the runs of a journal, and their tasks. For pipes as it is; `journal-screen.ts` paints it.
import { printable } from '../core/printable.ts';
import { formatDuration } from '../protocol/duration.ts';
import type { RunView, TaskView } from '../protocol/journal/history.ts';
import type { RunCounts } from '../protocol/journal/record.ts';
import { NOTHING } from './process-table.ts';

export const RUN_HEAD = [
  'RUN',
  'STATE',
  'STARTED',
  'TOOK',
  'SIZE',
  'PID',
  'TASKS',
  'SUCCEEDED',
  'FAILED',
  'TIMED-OUT',
].concat(['CANCELLED', 'SKIPPED', 'LEFT-OUT']);

export const TASK_HEAD = ['RUN', 'SEQ', 'ID', 'STATE', 'ATTEMPTS', 'END', 'DURATION', 'SLOT', 'NAME'];

export const STATE_COLUMN = 3;
export const NAME_COLUMN = TASK_HEAD.length - 1;

const textOrNothing = (text: string): string => (text.trim() === '' ? NOTHING : printable(text));

const countCells = (counts: RunCounts): string[] =>
  [counts.submitted, counts.succeeded, counts.failed, counts.timedOut, counts.cancelled, counts.skipped]
    .concat(counts.alreadyDone)
    .map(String);

const tookMs = ({ startedAt, endedAt }: RunView, now: number): number =>
  Math.max(0, (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt));

const sumOf = (runs: readonly RunView[]): RunCounts => {
  const sum = (name: keyof RunCounts): number => runs.reduce((total, { counts }) => total + counts[name], 0);
  return {
    submitted: sum('submitted'),
    alreadyDone: sum('alreadyDone'),
    succeeded: sum('succeeded'),
    failed: sum('failed'),
    timedOut: sum('timedOut'),
    cancelled: sum('cancelled'),
    skipped: sum('skipped'),
  };
};

/** Header, a row for each run, and a row for all of them if there are several. */
export const runRows = (runs: readonly RunView[], now: number): readonly (readonly string[])[] => {
  const rows = runs.map((view) => {
    const { run, state, haltedBy, startedAt, size, pid, counts } = view;
    const shown = haltedBy === null ? state : `${state}(${textOrNothing(haltedBy)})`;
    const took = formatDuration(tookMs(view, now));
    return [String(run), shown, printable(startedAt), took, String(size), String(pid), ...countCells(counts)];
  });
  if (runs.length < 2) return [RUN_HEAD, ...rows];
  const took = formatDuration(runs.reduce((total, run) => total + tookMs(run, now), 0));
  return [RUN_HEAD, ...rows, ['all', NOTHING, NOTHING, took, NOTHING, NOTHING, ...countCells(sumOf(runs))]];
};

/** How it ended: an exit code, a signal, or the code of an error. */
const endText = ({ exitCode, signal, error }: TaskView): string =>
  textOrNothing(exitCode === null ? (signal ?? error?.code ?? '') : String(exitCode));

/** Header, and a row for each task of each run. */
export const taskRows = (runs: readonly RunView[]): readonly (readonly string[])[] => [
  TASK_HEAD,
  ...runs.flatMap(({ run, tasks }) =>
    tasks.map((task) => [
      ...[String(run), String(task.seq), textOrNothing(task.id), task.state, String(task.attempts), endText(task)],
      ...[formatDuration(task.durationMs), String(task.slot), textOrNothing(task.name)],
    ]),
  ),
];
