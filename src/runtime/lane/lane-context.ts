import type { TermSequence } from '../../core/pool/term-sequence.ts';
import type { TASK_VARIABLES } from '../../protocol/task-frames.ts';
import type { Attempt } from './attempt.ts';
import type { Surroundings } from './plan-attempt.ts';

/** What all lanes of a pool share. */
export interface LaneContext extends Surroundings {
  /** Directory of the run: pipes, standard input of tasks, spilled output. */
  readonly runDirectory: string;
  /** Outer marks and this pool's id: the beginning of PROCCTL_MARK, as in `/outer.7.1/pool.`. */
  readonly markPrefix: string;
  /** The part of the mark that is this pool's alone. */
  readonly poolMark: string;
  /** How what has to end is ended. */
  readonly ending: TermSequence;
  /** Added to the niceness of procctl. */
  readonly nice: number;
}

/** What a task is told about itself, in its environment. */
export const identityOf = (
  { markPrefix }: LaneContext,
  { task, attempt, slot, inputSeq = task.seq }: Attempt,
  token: string,
): Record<(typeof TASK_VARIABLES)[number], string> => ({
  PROCCTL_TASK_ID: task.id,
  PROCCTL_TASK_SEQ: String(inputSeq),
  PROCCTL_SLOT: String(slot),
  PROCCTL_ATTEMPT: String(attempt),
  PROCCTL_MARK: `${markPrefix}${token}/`,
});
