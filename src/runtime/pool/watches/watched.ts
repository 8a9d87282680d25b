import type { PoolCounts } from '../../../core/pool/machine.ts';
import type { AttemptError } from '../../../core/pool/outcome.ts';
import type { ProcInfo } from '../../family/proc.ts';
import type { Bound, SizeHold } from '../sizes.ts';

/** What those who look at the machine see of a pool, and may do to it. */
export interface Watched {
  readonly counts: PoolCounts;
  /** No more than so many tasks at work, but one always; undefined: as many as are wanted. */
  hold(by: SizeHold, bound: Bound | undefined): void;
  /** Has the youngest task at work end, and run again later, unless it is the only one or another is ending. */
  displaceYoungest(): void;
  /** The processes of the tasks at work, by the positions of these in the input. */
  families(): ReadonlyMap<number, readonly ProcInfo[]>;
  /** Kills a task at work, which has failed for this reason. */
  kill(seq: number, error: AttemptError): void;
}
