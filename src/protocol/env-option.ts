import { parseEnv } from 'node:util';
import { ProcctlError } from '../errors.ts';
import { decodeBytes } from './bytes.ts';
import { show, showFile } from './show.ts';

/** One variable; a null value is to be taken from the caller's environment. */
export interface EnvAssignment {
  readonly name: string;
  readonly value: string | null;
}

/**
 * Reads one `-e`: `NAME=value`, or `NAME` alone for the caller's own value.
 *
 * @throws ProcctlError ERR_USAGE when the name is empty
 */
export const parseAssignment = (text: string): EnvAssignment => {
  const end = text.indexOf('=');
  const name = end === -1 ? text : text.slice(0, end);
  if (name !== '' && !text.includes('\0')) return { name, value: end === -1 ? null : text.slice(end + 1) };
  const problem = name === '' ? 'the name is empty' : 'a NUL byte cannot be passed on';
  throw new ProcctlError('ERR_USAGE', `${problem} in ${show(text)}`, { hint: 'write NAME=value, or NAME alone' });
};

const IGNORED = /^[ \t]*(?:#|$)/;
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([^ \t\v\f=#'"`\0]+)[ \t]*=[ \t]*(.*)$/;

/** What may stand behind a closing quote. */
const REST = /^[ \t]*(?:#|$)/;

/** Where a quoted value ends: the last line of it, or undefined when the quote is never closed. */
const closeQuote = (
  lines: readonly string[],
  first: number,
  value: string,
): { last: number; rest: string } | undefined => {
  const quote = value.charAt(0);
  for (let line = first; line < lines.length; line += 1) {
    const text = line === first ? value.slice(1) : (lines[line] as string);
    const end = text.indexOf(quote);
    if (end !== -1) return { last: line, rest: text.slice(end + 1) };
  }
  return undefined;
};

/**
 * Reads an env file: `NAME=value` a line, with the quotes and comments of `util.parseEnv`, `export` in front if you
 * like. Each value goes through `parseEnv` by itself, which would swallow a line that is no assignment into the name
 * of the next. Bytes that are not UTF-8 survive, as in `decodeBytes`.
 *
 * @param file its name, for messages
 * @returns in the order of the file; of a name that comes twice the last value
 * @throws ProcctlError ERR_INPUT, with the number of the line, for a line that is no assignment, a quote that is not
 *   closed or has text behind it, and a NUL byte
 */
export const parseEnvFile = (bytes: Uint8Array, file: string): Map<string, string> => {
  // One unit a byte, so that parseEnv cannot change what is no UTF-8.
  const raw = Buffer.from(bytes)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .replaceAll('\r\n', '\n');
  const exact = (text: string): string => decodeBytes(Buffer.from(text, 'latin1'));
  const bad = (line: number, problem: string): ProcctlError =>
    new ProcctlError('ERR_INPUT', `${showFile(file)}:${line + 1}: ${problem}`, { hint: 'write NAME=value' });

  const lines = raw.split('\n');
  const variables = new Map<string, string>();
  for (let line = 0; line < lines.length; line += 1) {
    const text = lines[line] as string;
    if (IGNORED.test(text)) continue;
    const [, name, value = ''] = ASSIGNMENT.exec(text) ?? [];
    if (name === undefined) throw bad(line, `no assignment: ${show(exact(text.trim()))}`);
    let last = line;
    if (/^['"`]/.test(value)) {
      const closed = closeQuote(lines, line, value);
      if (closed === undefined) throw bad(line, `the quote ${value.charAt(0)} is not closed`);
      if (!REST.test(closed.rest)) throw bad(closed.last, `text behind the closing quote: ${show(exact(closed.rest))}`);
      last = closed.last;
    }
    const whole = [value, ...lines.slice(line + 1, last + 1)].join('\n');
    if (whole.includes('\0')) throw bad(line, 'holds a NUL byte, which cannot be passed to a program');
    variables.set(exact(name), exact(parseEnv(`VALUE=${whole}`).VALUE ?? ''));
    line = last;
  }
  return variables;
};
