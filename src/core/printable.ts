// Control characters, invisible formatting (bidi marks and overrides, line separators, soft hyphen and the like) and
// lone surrogates. Joiners and variation selectors stay: emoji and several scripts need them.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** Nearly all there is; and a set of Unicode's properties takes a millisecond to compile. */
const PLAIN = /^[ -~]*$/;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  // A lone U+DC80..U+DCFF stands for a byte that is not UTF-8 (see TaskSpec): shown as that byte.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
  return SHORT[character] ?? `\\u${hex(code, 4)}`;
};

/**
 * Text from outside in a form that cannot drive a terminal or hide what it says: `\n`, `\u001b`, `\u202e`.
 * Only for showing: a backslash stays as it is, so the way back is not unique.
 */
export const printable = (text: string): string => (PLAIN.test(text) ? text : text.replace(UNPRINTABLE, escaped));
