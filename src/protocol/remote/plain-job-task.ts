// A task as pools write it into a job, read without the schema, which takes ten times as long. It is no second truth: whatever is
// not plainly of this form, mistakes among them, is left to the schema.
import type { FunctionCommand, TaskCommand } from '../../core/pool/task.ts';
import { plainCommand } from '../plain-tasks.ts';
import type { TaskInput } from '../task-schema.ts';

const isText = (value: unknown): value is string => typeof value === 'string';
const isNonEmpty = (value: unknown): value is string => isText(value) && value !== '';

/** As pools write them; up to what is a duration for sure. */
const MS = /^\d{1,12}ms$/;

/** The keys of any task, whose values need no more than a look. */
const LABELS: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: isNonEmpty,
  name: isText,
  timeout: (value) => isText(value) && MS.test(value),
};

const OF_PROGRAM: typeof LABELS = { ...LABELS, command: () => true, cwd: isNonEmpty, stdin: isText };

const OF_FUNCTION: typeof LABELS = {
  ...LABELS,
  module: (value) => isText(value) && /\S/.test(value),
  export: isNonEmpty,
  args: Array.isArray,
};

const functionOf = (task: Readonly<Record<string, unknown>>): FunctionCommand => ({
  kind: 'function',
  module: task.module as string,
  exportName: (task.export ?? 'default') as string,
  args: (task.args ?? []) as readonly unknown[],
});

/** @returns what `checkTask` would say it is; undefined where in doubt */
export const plainJobTask = (value: unknown): TaskInput | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const task = value as Readonly<Record<string, unknown>>;
  const isFunction = Object.hasOwn(task, 'module');
  const known = isFunction ? OF_FUNCTION : OF_PROGRAM;
  for (const key of Object.keys(task)) {
    if (!Object.hasOwn(known, key) || !known[key]?.(task[key])) return undefined;
  }
  const command: TaskCommand | undefined = isFunction ? functionOf(task) : plainCommand(task.command);
  if (command === undefined) return undefined;
  const { id, name, timeout, cwd, stdin } = task as Readonly<Record<string, string | undefined>>;
  return {
    ...(id === undefined ? undefined : { id }),
    ...(name === undefined ? undefined : { name }),
    command,
    ...(cwd === undefined ? undefined : { cwd }),
    ...(stdin === undefined ? undefined : { stdin }),
    ...(timeout === undefined ? undefined : { timeout: Number.parseInt(timeout, 10) }),
  };
};
