import type { ProcctlError } from '../../errors.ts';
import type { SpillSpace } from '../output/spill-buffer.ts';
import type { OutputMode } from '../output/task-output.ts';

/** What `--results` keeps of the tasks of one pool. */
export interface Results {
  mode(space: SpillSpace): OutputMode;
  /** The pool has ended. @param isGood false: its input was wrong, and what has nothing in it is not to stay */
  close(isGood: boolean): void;
}

export interface ResultsOptions {
  /** Absolute; where tasks without a `cwd` work. */
  readonly directory: string;
  /** Take up what an earlier run has left: a file is appended to. */
  readonly isResuming: boolean;
  /** What a task wrote is on the disk itself (fsync) before its end is told. */
  readonly isSynced: boolean;
  /** A settled task could not be written down; ERR_RESULTS_LOST. */
  readonly onLost: (error: ProcctlError) => void;
}
