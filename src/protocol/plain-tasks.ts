// The forms that most tasks have, read without the schema: to load that takes longer than to start a task. It is no second
// truth: whatever is not plainly one of these forms, mistakes among them, is left to the schema.
import type { ProgramCommand, TaskSpec } from '../core/pool/task.ts';
import { nameOfCommand } from './command-name.ts';

/** Where a text may turn out not to be plain at its very end, and is then read twice. */
const MAX_LENGTH = 16 * 1024 * 1024;

/**
 * Reads a document that is an array of plain tasks.
 *
 * @param text the document, as `decodeBytes` gives it
 * @returns what `parseTasksDocument` would; undefined where in doubt
 */
export const plainDocument = (text: string): TaskSpec[] | undefined => {
  if (text.length > MAX_LENGTH) return undefined;
  const values = jsonOf(text.startsWith('\ufeff') ? text.slice(1) : text);
  return Array.isArray(values) ? plainTasks(values) : undefined;
};

/**
 * Reads lines of which each is a plain task or blank.
 *
 * @param text the whole input, as `decodeBytes` gives it
 * @returns what `NdjsonTasks` would, all in one; undefined where in doubt
 */
export const plainLines = (text: string): TaskSpec[] | undefined => {
  if (text.length > MAX_LENGTH) return undefined;
  const values: unknown[] = [];
  for (const line of (text.startsWith('\ufeff') ? text.slice(1) : text).split('\n')) {
    if (/^[ \t\r]*$/.test(line)) continue;
    const value = jsonOf(line);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return plainTasks(values);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const plainTasks = (values: readonly unknown[]): TaskSpec[] | undefined => {
  const tasks: TaskSpec[] = [];
  const ids = new Set<string>();
  for (const [index, value] of values.entries()) {
    const task = plainTask(value, index + 1, ids);
    if (task === undefined) return undefined;
    tasks.push(task);
  }
  return tasks;
};

const plainTask = (value: unknown, seq: number, ids: Set<string>): TaskSpec | undefined => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return plainObject(value, seq, ids);
  const command = plainCommand(value);
  return command && { seq, id: String(seq), name: nameOfCommand(command), command };
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isNonEmpty = (value: unknown): value is string => isText(value) && value !== '';

/** @returns undefined where in doubt */
export const plainCommand = (value: unknown): ProgramCommand | undefined => {
  if (isText(value)) return /\S/.test(value) ? { kind: 'shell', line: value } : undefined;
  if (!Array.isArray(value) || !isNonEmpty(value[0]) || !value.every(isText)) return undefined;
  return { kind: 'argv', argv: value as unknown as [string, ...string[]] };
};

/** The keys whose values need no more than a look. */
const KEYS: Readonly<Record<string, (value: unknown) => boolean>> = {
  command: (value) => plainCommand(value) !== undefined,
  // An id of digits may be the place of another task.
  id: (value) => isNonEmpty(value) && !/^\d/.test(value),
  name: isText,
  cwd: isNonEmpty,
  stdin: isText,
};

const plainObject = (value: object, seq: number, ids: Set<string>): TaskSpec | undefined => {
  for (const [key, part] of Object.entries(value)) {
    if (!Object.hasOwn(KEYS, key) || !KEYS[key]?.(part)) return undefined;
  }
  const { id, name, command: written, cwd, stdin } = value as Readonly<Record<string, string | undefined>>;
  const command = plainCommand(written);
  if (command === undefined || (id !== undefined && ids.has(id))) return undefined;
  if (id !== undefined) ids.add(id);
  return {
    seq,
    id: id ?? String(seq),
    name: name ?? nameOfCommand(command),
    command,
    ...(cwd === undefined ? undefined : { cwd }),
    ...(stdin === undefined ? undefined : { stdin }),
  };
};
