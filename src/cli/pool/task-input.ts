import type { Readable } from 'node:stream';
import type { TaskSpec } from '../../core/pool/task.ts';
import type { PoolFlags } from './flags.ts';
import type { PoolInput } from './pool-input.ts';

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

/**
 * Opens the input of a pool; each kind is a bundle of its own.
 *
 * @throws ProcctlError ERR_USAGE for a template that makes no sense; all else is told by the tasks
 */
export const openTaskInput = async (input: PoolInput, flags: PoolFlags, reading: TaskReading): Promise<TaskSource> => {
  const source =
    input.kind === 'file'
      ? (await import('./file-source.lazy.ts')).fileSource(input.file, flags, reading)
      : (await import('./template-source.lazy.ts')).templateSource(input.words, flags, reading);
  if (!flags.shuffle) return source;
  const { shuffled } = await import('./shuffle.lazy.ts');
  return { ...source, tasks: shuffled(source.tasks) };
};
