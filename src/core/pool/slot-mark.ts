import type { ProgramCommand, TaskSpec } from './task.ts';

/**
 * Stands for the number of the slot in a task whose `usesSlot` is true: a template may name the slot, which nobody knows
 * before the task starts. A lone surrogate that stands for no byte, so no text from outside holds it.
 */
export const SLOT_MARK = '\udc01';

/** Alone, not as the half of a character: U+1F401 ends with the same unit. */
const MARKS = /\udc01/gu;

/** Puts a text in the place of each mark. */
export const fillSlot = (text: string, slot: string): string => text.replace(MARKS, () => slot);

const inCommand = (command: ProgramCommand, put: (text: string) => string): ProgramCommand =>
  command.kind === 'shell'
    ? { kind: 'shell', line: put(command.line) }
    : { kind: 'argv', argv: command.argv.map(put) as [string, ...string[]] };

/** The task as it is to be started in a slot, or was; as its template has it where it never got one. */
export const withSlot = (task: TaskSpec, slot: number | null): TaskSpec => {
  if (task.usesSlot !== true || task.command.kind === 'function') return task;
  const put = (text: string): string => fillSlot(text, slot === null ? '{%}' : String(slot));
  const { cwd, env } = task;
  const variables: Record<string, string | null> = Object.create(null);
  for (const [name, value] of Object.entries(env ?? {})) variables[name] = value === null ? null : put(value);
  return {
    ...task,
    command: inCommand(task.command, put),
    ...(cwd === undefined ? undefined : { cwd: put(cwd) }),
    ...(env === undefined ? undefined : { env: variables }),
  };
};
