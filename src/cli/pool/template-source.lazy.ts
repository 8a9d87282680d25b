import { templateTasks } from '../../runtime/pool/template-tasks.ts';
import type { PoolFlags } from './flags.ts';
import type { TaskReading, TaskSource } from './task-reading.ts';
import { templateRequest } from './template-form.ts';

/** Tasks from the words behind `--`; throws ProcctlError ERR_USAGE before anything is read. */
export const templateSource = (words: readonly string[], flags: PoolFlags, reading: TaskReading): TaskSource => {
  const request = templateRequest(words, flags);
  const tasks = templateTasks({ ...request, ...reading, env: process.env });
  // Blocks are large: as many are held as are needed.
  return request.form.kind === 'blocks' ? { tasks, readAhead: 1 } : { tasks };
};
