import { resolve } from 'node:path/posix';
import type { TaskCommand, TaskSpec } from '../../core/pool/task.ts';
import { encodeBytes } from '../bytes.ts';

// What makes two tasks the same, as text: `["task",1,cwd,env,stdin,command]`, JSON without white space.
//
//   cwd      absolute, without `.` and `..`
//   env      [[name, value or null], …], ordered by name; [] when nothing is set or removed
//   stdin    the SHA-256 of its bytes, in hexadecimal, or null for none
//   command  ["shell", line], ["argv", word, …], or ["function", module, export, args], where an object of the args is
//            written {"pairs": [[key, value], …]}, ordered by key
//
// Order is that of UTF-16 code units. A byte that is not UTF-8 is written \udcNN (see TaskSpec). The 1 is the version of
// this form: a change of the form has to change it, for journals outlive versions of procctl.
// Not in it: id, name, timeout, retries, and all else that says how a task is run, not what it is.

/** Nothing that is nested deeper can be called (see docs/pool.md), so it need not be told apart. */
const MAX_DEPTH = 260;

const byName = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Objects as `{}` with their keys in order; the rest as it is. */
const ordered = (value: unknown, depth = 0): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => ordered(item, depth + 1));
  const object = value as Readonly<Record<string, unknown>>;
  // Pairs, since an object would put keys such as "10" first, and take "__proto__" for something else.
  const pairs = Object.keys(object).sort(byName);
  return { pairs: pairs.map((key) => [key, ordered(object[key], depth + 1)]) };
};

const commandForm = (command: TaskCommand): readonly unknown[] => {
  switch (command.kind) {
    case 'shell':
      return ['shell', command.line];
    case 'argv':
      return ['argv', ...command.argv];
    case 'function':
      return ['function', command.module, command.exportName, ordered(command.args)];
  }
};

const envForm = (env: TaskSpec['env']): readonly unknown[] =>
  env === undefined
    ? []
    : Object.keys(env)
        .sort(byName)
        .map((name) => [name, env[name]]);

/**
 * The text whose SHA-256 is the key of a task: the same for tasks that do the same, whatever they are called.
 *
 * @param directory absolute; where tasks without a `cwd` work, and what a relative `cwd` or module starts from
 * @param digest SHA-256 in hexadecimal; input is the same whether it came as text or as bytes
 */
export const taskContent = (
  { command, cwd, env, stdin }: TaskSpec,
  directory: string,
  digest: (bytes: Uint8Array) => string,
): string =>
  JSON.stringify([
    'task',
    1,
    cwd === undefined ? directory : resolve(directory, cwd),
    envForm(env),
    stdin === undefined ? null : digest(typeof stdin === 'string' ? encodeBytes(stdin) : stdin),
    commandForm(command),
  ]);
