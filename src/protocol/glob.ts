// Patterns over names, matched in time that no pattern can blow up: names are short, and each star is tried by itself.

/** A pattern longer than this names nothing. */
const MAX_PATTERN_CHARS = 1024;

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly (readonly [string, string])[] };

const codeOf = (character: string): number => character.codePointAt(0) as number;

/** Reads `[abc]`, `[a-z]`, `[!a-z]` or `[^a-z]` at `at`; undefined when it has no end, then the bracket is itself. */
const readClass = (characters: readonly string[], at: number): { token: Token; next: number } | undefined => {
  const isNegated = characters[at + 1] === '!' || characters[at + 1] === '^';
  const begin = at + (isNegated ? 2 : 1);
  const end = characters.indexOf(']', begin + 1); // a bracket right at the beginning is a member
  if (end === -1) return undefined;
  const ranges: [string, string][] = [];
  for (let index = begin; index < end; index += 1) {
    const low = characters[index] as string;
    const isRange = characters[index + 1] === '-' && index + 2 < end;
    ranges.push([low, isRange ? (characters[index + 2] as string) : low]);
    if (isRange) index += 2;
  }
  return { token: { kind: 'class', isNegated, ranges }, next: end + 1 };
};

const tokensOf = (pattern: string): Token[] => {
  const characters = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; ) {
    const character = characters[at] as string;
    const found = character === '[' ? readClass(characters, at) : undefined;
    if (found !== undefined) tokens.push(found.token);
    else if (character === '?') tokens.push({ kind: 'any' });
    else if (character !== '*') tokens.push({ kind: 'literal', character });
    else if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    at = found?.next ?? at + 1;
  }
  return tokens;
};

const fits = (token: Token, character: string): boolean => {
  if (token.kind === 'literal') return token.character === character;
  if (token.kind !== 'class') return true;
  const code = codeOf(character);
  const isMember = token.ranges.some(([low, high]) => codeOf(low) <= code && code <= codeOf(high));
  return isMember !== token.isNegated;
};

/** Only the last star is ever tried again: what an earlier one took, a later one can make up for. */
const matches = (tokens: readonly Token[], characters: readonly string[]): boolean => {
  let at = 0;
  let token = 0;
  let star = -1;
  let afterStar = 0;
  while (at < characters.length) {
    const current = tokens[token];
    if (current?.kind === 'star') {
      star = token;
      afterStar = at;
      token += 1;
    } else if (current !== undefined && fits(current, characters[at] as string)) {
      at += 1;
      token += 1;
    } else if (star !== -1) {
      afterStar += 1;
      at = afterStar;
      token = star + 1;
    } else return false;
  }
  while (tokens[token]?.kind === 'star') token += 1;
  return token === tokens.length;
};

/** Whether a word is a pattern, and no plain name. */
export const isGlob = (text: string): boolean => /[*?[]/.test(text);

/** A test of names: `*` is any text, `?` one character, `[a-z]` and `[!a-z]` one of a set; capitals count. */
export const globMatcher = (pattern: string): ((name: string) => boolean) => {
  if (pattern.length > MAX_PATTERN_CHARS) return () => false;
  const tokens = tokensOf(pattern);
  return (name) => matches(tokens, [...name]);
};
