import type { Readable } from 'node:stream';
import type { TaskSpec } from '../../core/pool/task.ts';

/** How tasks are read: what standard input is, and what ends the reading. */
export interface TaskReading {
  readonly stdin: () => Readable & { readonly isTTY?: boolean };
  readonly stdinFd?: number;
  readonly signal: AbortSignal;
  /** What messages call a file, by its path; absent: as its path. */
  readonly names?: ReadonlyMap<string, string>;
}

/** The tasks of a pool, in batches. */
export interface TaskSource {
  readonly tasks: AsyncIterable<readonly TaskSpec[]>;
  /** Tasks to be read ahead; absent: as the pool likes. */
  readonly readAhead?: number;
}
