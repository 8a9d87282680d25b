// The shape of a task and of a tasks document. Built on zod/mini: the same checks as zod, but a bundle of 20 KiB that
// loads in 4 ms, where zod with its languages takes 450 KiB and 23.
import * as z from 'zod/mini';
import type { Backoff } from '../core/backoff.ts';
import type { FunctionCommand, ProgramCommand, TaskCommand } from '../core/pool/task.ts';
import { ProcctlError } from '../errors.ts';
import { parseBackoff } from './backoff.ts';
import { parseDuration } from './duration.ts';
import { show } from './show.ts';
import { didYouMean } from './suggest.ts';

/** What is wrong with a value, and where in it. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export type Checked<T> = { readonly value: T } | { readonly problem: Problem };

type Issue = z.core.$ZodRawIssue | z.core.$ZodIssue;

const MAX_RETRIES = 1_000_000;

/** Keys people bring along from other tools. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['cmd', 'command'],
  ['run', 'command'],
  ['script', 'command'],
  ['argv', 'command'],
  ['args', 'command'],
  ['dir', 'cwd'],
  ['directory', 'cwd'],
  ['workdir', 'cwd'],
  ['environment', 'env'],
  ['input', 'stdin'],
  ['timeoutMs', 'timeout'],
  ['retry', 'retries'],
  ['backoff', 'retryDelay'],
  ['depends', 'needs'],
  ['dependsOn', 'needs'],
  ['dependencies', 'needs'],
  ['after', 'needs'],
  ['jobs', 'tasks'],
]);

/** Keys that make a task one of a function. */
const FUNCTION_KEYS = ['module', 'export', 'kwargs'];

const unknownKey = (key: string, known: readonly string[]): string => {
  const other = OTHER_NAMES.get(key); // first, since "cmd" is nearer to "cwd" than to "command"
  const candidates = known.includes('command') ? [...known, ...FUNCTION_KEYS] : known;
  const meant = other !== undefined && known.includes(other) ? other : didYouMean(key, candidates);
  return meant === undefined ? `unknown key; known are ${known.join(', ')}` : `unknown key; did you mean "${meant}"?`;
};

/** The message of any check that fails: what was expected, and what came instead. */
const expected = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }): string =>
    input === undefined ? `missing; expected ${what}` : `expected ${what}, got ${show(input)}`,
});

const strict = <Shape extends z.core.$ZodLooseShape>(what: string, shape: Shape) =>
  z.strictObject(shape, {
    error: (issue: z.core.$ZodRawIssue): string =>
      issue.code === 'unrecognized_keys'
        ? unknownKey(issue.keys[0] as string, Object.keys(shape))
        : expected(what).error(issue),
  });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = z.string(expected('a string'));

const nonEmptyText = z.string(expected('a non-empty string')).check(z.minLength(1, expected('a non-empty string')));

const idForms = expected('a non-empty string or a whole number');

const id = z.pipe(
  z.union([z.string().check(z.minLength(1, idForms)), z.int(idForms)], idForms),
  z.transform((value) => String(value)),
);

const commandForms = 'a command line such as "gzip a.log" or an array such as ["gzip", "a.log"]';

const shellLine = z.pipe(
  z.string().check(z.regex(/\S/, expected('a command'))),
  z.transform((line): ProgramCommand => ({ kind: 'shell', line })),
);

const argv = z.pipe(
  z.array(text).check((payload) => {
    if (payload.value[0] === '' || payload.value.length === 0) {
      const path = payload.value.length === 0 ? [] : [0];
      const input = path.length === 0 ? [] : '';
      payload.issues.push({ code: 'custom', path, input, message: `expected a program name, got ${show(input)}` });
    }
  }),
  z.transform((words): ProgramCommand => ({ kind: 'argv', argv: words as [string, ...string[]] })),
);

const command = z.union([shellLine, argv], expected(commandForms));

/** A record would drop a variable named `__proto__`; this keeps it, on an object without a prototype. */
const env = z.pipe(
  z.custom<Readonly<Record<string, unknown>>>(isObject, expected('an object of variables')),
  z.transform((given, context): Readonly<Record<string, string | null>> => {
    const variables: Record<string, string | null> = Object.create(null);
    for (const [name, value] of Object.entries(given)) {
      const refuse = (message: string) => context.issues.push({ code: 'custom', path: [name], input: value, message });
      if (name === '' || name.includes('=')) refuse('the name of a variable must not be empty nor hold a "="');
      else if (typeof value === 'string' || value === null) variables[name] = value;
      else refuse(`expected a string, or null to remove the variable, got ${show(value)}`);
    }
    return variables;
  }),
);

/** Text or a number, read by a parser whose complaint becomes that of the check. */
const parsed = <T>(what: string, parse: (value: string | number) => T) =>
  z.pipe(
    z.union([z.string(), z.number()], expected(what)),
    z.transform((value, context): T => {
      try {
        return parse(value);
      } catch (error) {
        if (!(error instanceof ProcctlError)) throw error;
        context.issues.push({ code: 'custom', path: [], input: value, message: error.message });
        return z.NEVER;
      }
    }),
  );

const timeoutMs = parsed('a duration such as "30s"', (value): number => parseDuration(value));

const retryDelay = parsed(
  'a duration such as "5s", or a range such as "1s..1m"',
  (value): Backoff => parseBackoff(value),
);

const wholeRetries = expected(`a whole number from 0 to ${MAX_RETRIES}`);
const retries = z.int(wholeRetries).check(z.minimum(0, wholeRetries), z.maximum(MAX_RETRIES, wholeRetries));

const shared = {
  cwd: z.optional(nonEmptyText),
  env: z.optional(env),
  stdin: z.optional(text),
  timeout: z.optional(timeoutMs),
  retries: z.optional(retries),
  retryDelay: z.optional(retryDelay),
  priority: z.optional(z.number(expected('a number'))),
};

const defaultsSchema = strict('an object', shared);

const labels = {
  id: z.optional(id),
  name: z.optional(text),
  needs: z.optional(z.array(id, expected('an array of ids of tasks'))),
};

const programSchema = strict('an object', { ...labels, command, ...shared });

const functionSchema = strict('an object', {
  ...labels,
  module: z
    .string(expected('the path of a module'))
    .check(z.regex(/\S/, expected('the path of a module such as "./resize.js"'))),
  export: z.optional(nonEmptyText),
  args: z.optional(z.custom<readonly unknown[]>(Array.isArray, expected('an array of arguments'))),
  kwargs: z.optional(z.custom<object>(isObject, expected('an object'))),
  timeout: shared.timeout,
  retries: shared.retries,
  retryDelay: shared.retryDelay,
  priority: shared.priority,
});

const documentSchema = strict('an object', {
  $schema: z.optional(text),
  defaults: z.optional(defaultsSchema),
  tasks: z.array(z.unknown(), expected('an array of tasks')),
});

/** A task as it is written, its fields checked: durations in ms, an id as text, an `env` without a prototype. */
export type TaskInput = Omit<z.infer<typeof programSchema>, 'command'> & { readonly command: TaskCommand };

/** What holds for every task of a document that does not say otherwise. */
export type TaskDefaults = z.infer<typeof defaultsSchema>;

/** The one issue worth telling: a misspelt key before the key that is missing for it; inside a union, the form that was meant. */
const worstOf = (issues: readonly Issue[]): Problem => {
  const issue = (issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]) as Issue;
  const path = issue.path ?? [];
  if (issue.code === 'unrecognized_keys')
    return { path: [...path, issue.keys[0] as string], message: `${issue.message}` };
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find(
      ([first]) => first !== undefined && !(first.code === 'invalid_type' && first.path.length === 0),
    );
    if (meant !== undefined) {
      const inner = worstOf(meant);
      return { path: [...path, ...inner.path], message: inner.message };
    }
  }
  return { path, message: `${issue.message}` };
};

const check = <T>(schema: z.ZodMiniType<T>, value: unknown): Checked<T> => {
  const result = z.safeParse(schema, value);
  return result.success ? { value: result.data } : { problem: worstOf(result.error.issues) };
};

/** What a task of its own process can have. A worker is shared: what one task set there, the next would find. */
export const OF_PROGRAMS_ONLY = ['cwd', 'env', 'stdin'] as const;

export const sharedWorkerProblem = (key: string, place = ''): string =>
  `"${key}"${place} cannot be kept for a function: its worker is shared with other tasks`;

const misplacedKey = (task: Readonly<Record<string, unknown>>): Problem | undefined => {
  const has = (key: string): boolean => Object.hasOwn(task, key);
  if (!has('module')) {
    const key = has('command') ? FUNCTION_KEYS.find(has) : undefined;
    return key === undefined ? undefined : { path: [key], message: 'goes with "module", not with "command"' };
  }
  if (has('command')) return { path: ['module'], message: 'a task has either a "module" or a "command"' };
  const key = OF_PROGRAMS_ONLY.find(has);
  return key === undefined ? undefined : { path: [key], message: sharedWorkerProblem(key) };
};

const checkFunction = (value: unknown): Checked<TaskInput> => {
  const checked = check(functionSchema, value);
  if ('problem' in checked) return checked;
  const { module, export: exportName = 'default', args = [], kwargs, ...rest } = checked.value;
  const command: FunctionCommand = {
    kind: 'function',
    module,
    exportName,
    args: kwargs === undefined ? args : [...args, kwargs],
  };
  return { value: { ...rest, command } };
};

/** Checks one task in any of its forms: a shell line, a program with its arguments, or an object. */
export const checkTask = (value: unknown): Checked<TaskInput> => {
  if (isObject(value)) {
    const misplaced = misplacedKey(value);
    if (misplaced !== undefined) return { problem: misplaced };
    return Object.hasOwn(value, 'module') ? checkFunction(value) : check(programSchema, value);
  }
  if (typeof value !== 'string' && !Array.isArray(value)) {
    return { problem: { path: [], message: `expected ${commandForms} or an object, got ${show(value)}` } };
  }
  const checked = check(command, value);
  return 'value' in checked ? { value: { command: checked.value } } : checked;
};

/** Checks `{ "defaults", "tasks" }`, but not yet the tasks in it. */
export const checkDocument = (value: unknown): Checked<z.infer<typeof documentSchema>> => check(documentSchema, value);
