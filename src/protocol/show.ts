// How what people gave us appears in our own messages: short, on one line, and harmless to a terminal.

import { printable } from '../core/printable.ts';

const MAX_SHOWN_CHARS = 40;

/** Cuts to at most `max` UTF-16 units, the ellipsis included, and never through a surrogate pair. */
export const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** A value of any kind for a message: strings as in JSON, cut after 40 characters; what an array or object holds is left out. */
export const show = (value: unknown): string => {
  if (typeof value === 'string') {
    // Quotes and backslashes first, then what JSON leaves raw (DEL, C1, reordering marks).
    const quoted = cut(value, MAX_SHOWN_CHARS).replace(/["\\]/g, '\\$&');
    return `"${printable(quoted)}"`;
  }
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'an array';
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '{}' : 'an object';
  return String(value);
};

/** A file's name for the head of a message: bare, since that is what editors and terminals make a link of. */
export const showFile = (file: string): string => (file === '' ? '""' : printable(file));

/** Where a value is in its document: `tasks[3].env.PATH`, `[0]`, `["odd name"]`. */
export const showPath = (path: readonly PropertyKey[]): string =>
  path
    .map((key, depth) => {
      if (typeof key === 'number') return `[${key}]`;
      const name = String(key);
      if (!/^[A-Za-z_$][\w$-]{0,39}$/.test(name)) return `[${show(name)}]`;
      return depth === 0 ? name : `.${name}`;
    })
    .join('');
