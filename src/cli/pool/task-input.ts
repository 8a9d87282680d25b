import type { PoolFlags } from './flags.ts';
import type { PoolInput } from './pool-input.ts';
import type { TaskReading, TaskSource } from './task-reading.ts';

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
