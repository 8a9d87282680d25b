import { show } from './show.ts';

// V8 words its JSON errors differently from version to version, and leaves the position out of some. So when
// JSON.parse has refused a text, this reader goes over it once more, only to say where and why.
// It keeps its own stack: a hundred thousand brackets cannot overflow the program's.

/** Why a text is not JSON. */
export interface JsonError {
  /** In UTF-16 units from the start; for `cutOff` the end of the last thing that is there. */
  readonly offset: number;
  /** `cutOff`: it ends too early; `trailing`: it goes on after a whole value; `wrong`: anything else. */
  readonly kind: 'cutOff' | 'trailing' | 'wrong';
  readonly message: string;
}

type Wanted = 'value' | 'firstValue' | 'key' | 'firstKey' | 'colon' | 'next' | 'nothing';

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const LITERALS = ['true', 'false', 'null'];

const isWhiteSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** The end of the bare word (number, literal, or something that is neither) that begins at `start`. */
const endOfWord = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && !isWhiteSpace(text.charCodeAt(at)) && !',:"[]{}'.includes(text[at] as string)) at += 1;
  return at;
};

/** What stands at `at`, for a message: a bare word, or one character. */
const tokenAt = (text: string, at: number): string =>
  /[\w$.+-]/.test(text.charAt(at))
    ? text.slice(at, endOfWord(text, at))
    : String.fromCodePoint(text.codePointAt(at) ?? 0);

/** The offset after the string that begins at `start`, or what is wrong with it. */
const readString = (text: string, start: number): number | (Omit<JsonError, 'offset'> & { offset?: number }) => {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return { offset: at, kind: 'wrong', message: `a string may not hold a raw ${show(text[at])}` };
    if (code !== 0x5c) continue;
    at += 1;
    const rest = text.slice(at, at + 5);
    if (/^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(rest)) at += rest.startsWith('u') ? 4 : 0;
    else if (at + rest.length < text.length || !/^(?:u[0-9a-fA-F]*)?$/.test(rest))
      return { offset: at - 1, kind: 'wrong', message: `unknown escape ${show(`\\${rest[0] ?? ''}`)} in a string` };
  }
  return { kind: 'cutOff', message: 'unexpected end' };
};

/** Says where and why JSON.parse refused `text`; undefined when it finds no fault. */
export const findJsonError = (text: string): JsonError | undefined => {
  const closers: ('}' | ']')[] = [];
  let wanted = 'value' as Wanted; // widened: the compiler loses track of the turns of the loop
  let at = 0;
  const cutOff = (): JsonError => ({ offset: text.trimEnd().length, kind: 'cutOff', message: 'unexpected end' });
  const wrong = (expected: string): JsonError => ({
    offset: at,
    kind: 'wrong',
    message: `expected ${expected}, got ${show(tokenAt(text, at))}`,
  });
  const afterValue = (): Wanted => (closers.length === 0 ? 'nothing' : 'next');

  for (;;) {
    while (at < text.length && isWhiteSpace(text.charCodeAt(at))) at += 1;
    if (at >= text.length) return wanted === 'nothing' ? undefined : cutOff();
    const character = text[at] as string;

    if (wanted === 'nothing') return { offset: at, kind: 'trailing', message: 'unexpected text after the end' };

    if (character === closers.at(-1) && (wanted === 'next' || wanted === 'firstValue' || wanted === 'firstKey')) {
      closers.pop();
      wanted = afterValue();
      at += 1;
    } else if (wanted === 'next') {
      if (character !== ',') return wrong(`"," or "${closers.at(-1)}"`);
      wanted = closers.at(-1) === '}' ? 'key' : 'value';
      at += 1;
    } else if (wanted === 'colon') {
      if (character !== ':') return wrong('":"');
      wanted = 'value';
      at += 1;
    } else if (character === '"') {
      const end = readString(text, at);
      if (typeof end !== 'number') return { ...end, offset: end.offset ?? text.trimEnd().length };
      wanted = wanted === 'key' || wanted === 'firstKey' ? 'colon' : afterValue();
      at = end;
    } else if (wanted === 'key' || wanted === 'firstKey') {
      return wrong(wanted === 'key' ? 'a key in double quotes' : 'a key in double quotes or "}"');
    } else if (character === '[' || character === '{') {
      closers.push(character === '[' ? ']' : '}');
      wanted = character === '[' ? 'firstValue' : 'firstKey';
      at += 1;
    } else {
      const end = endOfWord(text, at);
      const word = text.slice(at, end);
      if (!LITERALS.includes(word) && !NUMBER.test(word)) {
        const isBegun = end === text.length && LITERALS.some((literal) => literal.startsWith(word));
        return isBegun ? cutOff() : wrong('a value');
      }
      wanted = afterValue();
      at = end;
    }
  }
};

/** Line and column of an offset, both from 1, the column in UTF-16 units as editors count. */
export const lineAndColumn = (text: string, offset: number): { readonly line: number; readonly column: number } => {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
};
