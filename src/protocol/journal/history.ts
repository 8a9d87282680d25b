import type { TaskEnd } from '../../core/pool/outcome.ts';
import { jsonLine } from '../json-lines.ts';
import type { AttemptEntry, JournalRecord, RunCounts, RunRecord } from './record.ts';

/** One attempt, for a timeline. */
export type AttemptView = Pick<
  AttemptEntry,
  'seq' | 'id' | 'name' | 'attempt' | 'final' | 'state' | 'exitCode' | 'signal' | 'slot' | 'startedAt' | 'durationMs'
>;

/** A task of a run, as its last attempt left it. */
export interface TaskView
  extends Pick<
    AttemptEntry,
    'seq' | 'id' | 'name' | 'key' | 'exitCode' | 'signal' | 'error' | 'endedAt' | 'durationMs' | 'slot'
  > {
  /** `waiting`: for another try, in a run that goes on. */
  readonly state: TaskEnd | 'waiting';
  readonly attempts: number;
  /** Of the first attempt. */
  readonly startedAt: string;
}

export interface RunView {
  readonly run: number;
  /** `lost`: it did not come to its end in order; procctl was killed, or failed. */
  readonly state: 'running' | 'ended' | 'lost';
  readonly startedAt: string;
  /** Null as long as it runs; of a lost one that of its last record. */
  readonly endedAt: string | null;
  readonly size: number;
  readonly pid: number;
  readonly haltedBy: string | null;
  /** Of a run without an end: as far as is recorded. */
  readonly counts: RunCounts;
  /** Those of which something is recorded, by the time of their last record. */
  readonly tasks: readonly TaskView[];
  readonly attempts: readonly AttemptView[];
}

interface Run {
  readonly record: RunRecord;
  readonly first: Map<number, AttemptEntry>;
  /** By number; in the order of their last records. */
  readonly last: Map<number, AttemptEntry>;
  readonly attempts: AttemptEntry[];
  end: { readonly endedAt: string; readonly haltedBy: string | null; readonly counts: RunCounts } | undefined;
}

const countsOf = (tasks: readonly TaskView[]): RunCounts => {
  const count = (state: TaskView['state']): number => tasks.filter((task) => task.state === state).length;
  const ends = {
    succeeded: count('succeeded'),
    failed: count('failed'),
    timedOut: count('timedOut'),
    cancelled: count('cancelled'),
    skipped: 0,
  };
  return { submitted: tasks.length, alreadyDone: 0, ...ends };
};

const viewOf = ({ record, first, last, attempts, end }: Run, isRunning: boolean): RunView => {
  const tasks = [...last.values()].map((entry): TaskView => {
    const { seq, id, name, key, exitCode, signal, error, endedAt, durationMs, slot, final, state } = entry;
    return {
      ...{
        seq,
        id,
        name,
        state: isRunning && !final ? 'waiting' : state,
        attempts: entry.attempt,
        exitCode,
        signal,
        error,
      },
      ...{ startedAt: (first.get(seq) ?? entry).startedAt, endedAt, durationMs, slot, key },
    };
  });
  return {
    run: record.run,
    state: end !== undefined ? 'ended' : isRunning ? 'running' : 'lost',
    startedAt: record.startedAt,
    endedAt: end?.endedAt ?? (isRunning ? null : (attempts.at(-1)?.endedAt ?? record.startedAt)),
    size: record.size,
    pid: record.pid,
    haltedBy: end?.haltedBy ?? null,
    counts: end?.counts ?? countsOf(tasks),
    tasks,
    attempts,
  };
};

/** All that a journal tells, in memory: some hundred bytes a record. */
export class History {
  readonly #runs: Run[] = [];

  add(record: JournalRecord): void {
    if (record.type === 'run') {
      this.#runs.push({ record, first: new Map(), last: new Map(), attempts: [], end: undefined });
      return;
    }
    const run = this.#runs.at(-1);
    if (run === undefined) return;
    if (record.type === 'end') {
      run.end = record;
      return;
    }
    if (!run.first.has(record.seq)) run.first.set(record.seq, record);
    run.last.delete(record.seq);
    run.last.set(record.seq, record);
    run.attempts.push(record);
  }

  /** @param isAlive whether the process of a run is at work at this moment */
  views(isAlive: (run: RunRecord) => boolean): readonly RunView[] {
    return this.#runs.map((run, index) =>
      viewOf(run, run.end === undefined && index === this.#runs.length - 1 && isAlive(run.record)),
    );
  }
}

/** What a file held, for `--json`. */
export interface JournalView {
  readonly journal: string;
  /** Lines that could not be read, in the middle. */
  readonly damagedLines: number;
  /** The last line was cut short. */
  readonly isTorn: boolean;
  readonly runs: readonly RunView[];
}

const rows = (lines: readonly string[]): string => (lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`);

/** One JSON document, with a line for each task. */
export const historyJson = ({ runs, ...file }: JournalView): string => {
  const runLines = runs.map(({ tasks, attempts: _, ...run }) => {
    const line = jsonLine(run);
    return `${line.slice(0, -1)},"tasks":${rows(tasks.map(jsonLine))}}`;
  });
  return `${jsonLine(file).slice(0, -1)},"runs":${rows(runLines)}}\n`;
};
