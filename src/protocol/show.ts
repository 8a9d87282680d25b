// How what people gave us appears in our own messages: short, on one line, and harmless to a terminal.

const MAX_SHOWN_CHARS = 40;

// Control characters, invisible formatting (marks that reorder text, line separators, soft hyphen and the like) and lone
// surrogates. Joiners and variation selectors stay: emoji and several scripts need them.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escapeCharacter = (character: string): string => {
  const code = character.charCodeAt(0);
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`; // a byte that is not UTF-8
  return SHORT_ESCAPES[character] ?? `\\u${code.toString(16).padStart(4, '0')}`;
};

/** The text with everything that could move a cursor, colour a terminal or reorder a line shown as an escape. */
export const escapeControls = (text: string): string => text.replace(UNPRINTABLE, escapeCharacter);

/** Cuts to at most `max` UTF-16 units, the ellipsis included, and never through a surrogate pair. */
export const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** A value of any kind for a message: strings as in JSON, cut after 40 characters; what an array or object holds is left out. */
export const show = (value: unknown): string => {
  if (typeof value === 'string') {
    // Quotes and backslashes first, then what JSON leaves raw (DEL, C1, reordering marks).
    const quoted = cut(value, MAX_SHOWN_CHARS).replace(/["\\]/g, '\\$&');
    return `"${escapeControls(quoted)}"`;
  }
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'an array';
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '{}' : 'an object';
  return String(value);
};

/** A file's name for the head of a message: bare, since that is what editors and terminals make a link of. */
export const showFile = (file: string): string => (file === '' ? '""' : escapeControls(file));

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
