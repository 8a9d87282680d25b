import type { ProgramCommand, TaskSpec } from './task.ts';

/**
 * Stands for the number of the slot in a task whose `usesSlot` is true: a template may name the slot, which nobody knows
 * before the task starts. A lone surrogate that stands for no byte, so no text from outside holds it.
 */
export const SLOT_MARK = '\udc01';

const inCommand = (command: ProgramCommand, put: (text: string) => string): ProgramCommand =>
  command.kind === 'shell'
    ? { kind: 'shell', line: put(command.line) }
    : { kind: 'argv', argv: command.argv.map(put) as [string, ...string[]] };

/** The task as it is to be started in a slot. */
export const withSlot = (task: TaskSpec, slot: number): TaskSpec => {
  if (task.usesSlot !== true || task.command.kind === 'function') return task;
  const put = (text: string): string => text.replaceAll(SLOT_MARK, String(slot));
  const { cwd, env } = task;
  return {
    ...task,
    command: inCommand(task.command, put),
    ...(cwd === undefined ? undefined : { cwd: put(cwd) }),
    ...(env === undefined
      ? undefined
      : {
          env: Object.assign(
            Object.create(null),
            Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value === null ? null : put(value)])),
          ),
        }),
  };
};
