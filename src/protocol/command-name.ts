import type { FunctionCommand, TaskCommand } from '../core/pool/task.ts';
import { printable } from '../core/printable.ts';
import { shellQuote } from './shell-text.ts';
import { cut } from './show.ts';

const MAX_NAME_CHARS = 80;

/** What a POSIX shell would not take literally: white space, quotes, operators, globs, expansions, comments, nothing at all. */
const NEEDS_QUOTES = /^$|[\s\x00-\x1f'"\\$`&|;<>(){}[\]*?!#~^]/;

const quote = (argument: string): string => (NEEDS_QUOTES.test(argument) ? shellQuote(argument) : argument);

/** `resize("a.png", 200) of ./resize.js`; of a default export, `./resize.js("a.png", 200)`. */
const nameOfCall = ({ module, exportName, args, call }: FunctionCommand): string => {
  let list = call?.value === undefined ? '' : '…';
  for (const argument of args) {
    // Megabytes of arguments are not written for a name of 80 characters.
    list += `${list === '' ? '' : ', '}${cut(briefJson(argument), MAX_NAME_CHARS)}`;
    if (list.length > MAX_NAME_CHARS) break;
  }
  if (call?.source !== undefined) return `${exportName === '' ? 'function' : exportName}(${list})`;
  return exportName === 'default' ? `${module}(${list})` : `${exportName}(${list}) of ${module}`;
};

const briefJson = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(cut(value, MAX_NAME_CHARS));
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? '[…]' : '{…}';
};

/** A command in one readable line of at most 80 characters, as its task's name. It is for eyes, not for a shell. */
export const nameOfCommand = (command: TaskCommand): string => {
  if (command.kind === 'shell') return cut(printable(cut(command.line.trim(), MAX_NAME_CHARS + 1)), MAX_NAME_CHARS);
  if (command.kind === 'function') return cut(printable(cut(nameOfCall(command), MAX_NAME_CHARS + 1)), MAX_NAME_CHARS);
  let line = '';
  for (const argument of command.argv) {
    // Megabytes of argument are not quoted for a name of 80 characters.
    line += `${line === '' ? '' : ' '}${quote(cut(argument, MAX_NAME_CHARS + 1))}`;
    if (line.length > MAX_NAME_CHARS) break;
  }
  return cut(printable(cut(line, MAX_NAME_CHARS + 1)), MAX_NAME_CHARS);
};
