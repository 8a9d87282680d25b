import { posix } from 'node:path/posix';
import type { TaskSpec } from '../../core/pool/task.ts';
import { ProcctlError } from '../../errors.ts';
import { globMatcher } from '../glob.ts';
import { show } from '../show.ts';

/** What a worker may be asked to run. */
export interface AllowRule {
  readonly kind: 'program' | 'shell' | 'module' | 'function';
  /** Of names; `*` is any text. */
  readonly pattern: string;
}

/** Variables that make a program run another one, or other code. */
const isDangerous = (name: string): boolean =>
  /^(?:PATH|IFS|ENV|BASH_.*|SHELLOPTS|LD_.*|DYLD_.*|NODE_.*|PYTHON.*|PERL.*|RUBY.*|GIT_.*)$/.test(name);

/**
 * Reads `gzip` or `/opt/tools/*` (programs), `shell` (lines for /bin/sh), `function` (functions by their text), `module:/srv/jobs/*.js`.
 *
 * @throws ProcctlError ERR_USAGE
 */
export const parseAllow = (text: string): AllowRule => {
  if (text === 'shell' || text === 'function') return { kind: text, pattern: '*' };
  const kind = text.startsWith('module:') ? 'module' : 'program';
  const pattern = kind === 'module' ? text.slice('module:'.length) : text;
  const isName = kind === 'program' && pattern !== '' && !pattern.includes('/');
  if (pattern.startsWith('/') || isName) return { kind, pattern };
  throw new ProcctlError('ERR_USAGE', `expected what is allowed, got ${show(text)}`, {
    hint: 'a program by its name or absolute path, "shell" for lines of shell, "function" for functions that are sent as text, or module:/absolute/path.js; * is any text',
  });
};

/** A path in its shortest form, when it is absolute. */
const plainPath = (name: string): string => (name.startsWith('/') ? posix.normalize(name) : name);

const nameOf = ({ command }: TaskSpec, directory: string): { kind: AllowRule['kind']; name: string } => {
  if (command.kind === 'shell') return { kind: 'shell', name: '' };
  if (command.kind === 'argv') return { kind: 'program', name: plainPath(command.argv[0]) };
  if (command.call?.source !== undefined) return { kind: 'function', name: '' };
  const isUrl = /^(?:file|node|data):/.test(command.module);
  return { kind: 'module', name: isUrl ? command.module : posix.resolve(directory, command.module) };
};

/**
 * Why a task is not allowed; undefined when it is.
 *
 * @param rules none: everything is allowed
 * @param directory absolute; where relative modules are looked for
 */
export const refusalOf = (task: TaskSpec, rules: readonly AllowRule[], directory: string): string | undefined => {
  if (rules.length === 0) return undefined;
  const { kind, name } = nameOf(task, directory);
  // A relative path is that of a program in a directory that the task has chosen.
  const isRelative = kind === 'program' && name.includes('/') && !name.startsWith('/');
  const isAllowed = !isRelative && rules.some((rule) => rule.kind === kind && globMatcher(rule.pattern)(name));
  if (!isAllowed) {
    if (kind === 'shell') return 'this worker does not allow lines of shell';
    return kind === 'function'
      ? 'this worker does not allow functions that are sent as text'
      : `this worker does not allow the ${kind} ${show(name)}`;
  }
  const variable = Object.keys(task.env ?? {}).find(isDangerous);
  return variable === undefined ? undefined : `this worker does not allow tasks to set ${show(variable)}`;
};
