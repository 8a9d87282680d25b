// Ways of batches of tasks, from where they are read to the pool.

import { randomInt } from 'node:crypto';
import type { TaskSpec } from '../../core/pool/task.ts';
import { ProcctlError } from '../../errors.ts';

type Batches = AsyncIterable<readonly TaskSpec[]>;

/** What holds for each task that does not say otherwise. */
export interface CommandDefaults {
  readonly cwd?: string | undefined;
  /** Without a prototype. */
  readonly env?: Readonly<Record<string, string | null>> | undefined;
}

/** The tasks with a directory and variables, where they have none of their own; throws ProcctlError ERR_TASKS for a function. */
export async function* withDefaults(
  batches: Batches,
  { cwd, env }: CommandDefaults,
): AsyncGenerator<readonly TaskSpec[]> {
  const complete = (task: TaskSpec): TaskSpec => {
    if (task.command.kind === 'function') {
      const option = cwd === undefined ? '--env' : '--cwd';
      throw new ProcctlError(
        'ERR_TASKS',
        `task ${task.seq}: ${option} cannot be kept for a function: its worker is shared with other tasks`,
      );
    }
    return {
      ...task,
      ...(task.cwd === undefined && cwd !== undefined ? { cwd } : undefined),
      ...(env === undefined ? undefined : { env: Object.assign(Object.create(null), env, task.env) }),
    };
  };
  for await (const batch of batches) yield batch.map(complete);
}

/** All tasks in one batch, in random order; they keep their numbers. */
export async function* shuffled(batches: Batches): AsyncGenerator<readonly TaskSpec[]> {
  const tasks: TaskSpec[] = [];
  for await (const batch of batches) for (const task of batch) tasks.push(task);
  // Fisher and Yates: each order is equally likely.
  for (let last = tasks.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    const task = tasks[last] as TaskSpec;
    tasks[last] = tasks[other] as TaskSpec;
    tasks[other] = task;
  }
  if (tasks.length > 0) yield tasks;
}
