import { fillSlot } from '../core/pool/slot-mark.ts';
import type { ProgramCommand, TaskSpec } from '../core/pool/task.ts';
import { encodeBytes } from './bytes.ts';
import { nameOfCommand } from './command-name.ts';
import { isSimpleLine, shellQuote } from './shell-text.ts';

// A task that is only shown, as a line that a person can paste into a shell.

const PLAIN_WORD = /^[A-Za-z0-9_./:,+@%=-]+$/;
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;

/** What would break the line, or drive a terminal, as octal; `$'…'` is POSIX since 2024, and older in bash, zsh and ksh. */
const ansiQuote = (text: string): string => {
  const octal = (character: string): string =>
    [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };
  const escaped = text.replace(/['\\]/g, '\\$&').replace(CONTROLS, (character) => short[character] ?? octal(character));
  return `$'${escaped}'`;
};

const quoted = (text: string): string => (text.search(CONTROLS) === -1 ? shellQuote(text) : ansiQuote(text));

const word = (text: string): string => (PLAIN_WORD.test(text) ? text : quoted(text));

/** Unquoted, `a=b` would be an assignment here, and `if` the grammar's. */
const program = (text: string): string => (isSimpleLine(text) && !text.includes('=') ? text : quoted(text));

const commandText = (command: ProgramCommand, isAlone: boolean): string => {
  if (command.kind === 'argv') {
    const [first, ...args] = command.argv;
    return [isAlone ? program(first) : word(first), ...args.map(word)].join(' ');
  }
  const { line } = command;
  if (isAlone && line.search(CONTROLS) === -1) return line;
  return `sh -c ${/^[-+]/.test(line) ? '-- ' : ''}${quoted(line)}`;
};

/** `env -u A B=c`, or nothing. */
const environment = (env: NonNullable<TaskSpec['env']>): string[] => {
  const entries = Object.entries(env);
  const removed = entries.flatMap(([name, value]) => (value === null ? ['-u', word(name)] : []));
  const set = entries.flatMap(([name, value]) => (value === null ? [] : [word(`${name}=${value}`)]));
  // A name that begins with "-" would be an option.
  const end = set.some((assignment) => /^'?-/.test(assignment)) ? ['--'] : [];
  return entries.length === 0 ? [] : ['env', ...removed, ...end, ...set];
};

/** The longest input that is written out. */
const MAX_STDIN_SHOWN = 1000;

const isShown = (stdin: TaskSpec['stdin']): stdin is string =>
  typeof stdin === 'string' && stdin !== '' && stdin.length <= MAX_STDIN_SHOWN;

/** A task as one line of shell text, `{%}` in the place of the slot. What a shell has no words for is a comment. */
export const taskAsShell = (task: TaskSpec): string => {
  const { command, cwd, env = {}, stdin } = task;
  if (command.kind === 'function') return `# ${nameOfCommand(command)}`;
  const variables = environment(env);
  const isAlone = variables.length === 0 && cwd === undefined && !isShown(stdin);
  const input = isShown(stdin) ? `printf %s ${word(stdin)} | ` : '';
  const directory = cwd === undefined ? '' : `cd ${cwd.startsWith('-') ? './' : ''}${word(cwd)} && `;
  const size =
    stdin === undefined || isShown(stdin) ? 0 : typeof stdin === 'string' ? encodeBytes(stdin).length : stdin.length;
  const note = size === 0 ? '' : ` # reads ${size} bytes`;
  const line = `${directory}${input}${[...variables, commandText(command, isAlone)].join(' ')}${note}`;
  return fillSlot(line, '{%}');
};
