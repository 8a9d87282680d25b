import { withDefaults } from '../../runtime/pool/batches.ts';
import { readTasks } from '../../runtime/pool/task-source.ts';
import type { PoolFlags } from './flags.ts';
import type { TaskReading, TaskSource } from './task-reading.ts';

/** Tasks from a tasks file, with the variables and the directory of the command line under those of the tasks. */
export const fileSource = (file: string, flags: PoolFlags, reading: TaskReading): TaskSource => {
  const tasks = readTasks(file, { format: flags.format, ...reading });
  if (flags.env.length === 0 && flags.cwd === null) return { tasks };
  const env: Record<string, string | null> = Object.create(null);
  for (const { name, value } of flags.env) env[name] = value;
  const defaults = { cwd: flags.cwd ?? undefined, ...(flags.env.length === 0 ? undefined : { env }) };
  return { tasks: withDefaults(tasks, defaults) };
};
