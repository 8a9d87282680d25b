// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's

/**
 * Where in a line of POSIX shell something stands. What is not one of the first three is a place where a value cannot be
 * quoted so that it is surely one word; the text says what the place is.
 */
export type ShellPlace = 'bare' | 'double' | 'single' | { readonly refused: string };

const BACKQUOTES: ShellPlace = { refused: 'inside backquotes' };
const PARAMETER: ShellPlace = { refused: 'inside ${…}' };
const ARITHMETIC: ShellPlace = { refused: 'inside $((…))' };
const COMMENT: ShellPlace = { refused: 'inside a comment' };
const NESTED: ShellPlace = { refused: 'inside a $(…) within double quotes' };
const HERE_DOCUMENT: ShellPlace = { refused: 'behind <<, where a here-document may be' };
const ANSI_QUOTES: ShellPlace = { refused: "behind $'…', which shells read differently" };
const ODD_PARAMETER: ShellPlace = { refused: 'behind a ${…} with quotes or braces in it' };
const CONTINUED: ShellPlace = { refused: 'behind a line cut right in an operator' };
const ESCAPED: ShellPlace = { refused: 'behind a backslash' };
const UNSURE: ShellPlace = { refused: 'behind a $(…) that holds a case' };
const DOLLAR: ShellPlace = { refused: 'right behind a $' };

/** What the scan is in the middle of; the innermost is the last. */
type Frame = 'double' | 'single' | 'backquotes' | 'parameter' | 'arithmetic' | 'comment' | 'command' | 'parenthesis';

const BLANK = /[\s;&|<>()]/;

/**
 * Follows the quotes of a line, piece by piece, as the shell reads it (POSIX, Shell Command Language, 2.2 and 2.3).
 * Values come between the pieces; their places are asked for there. It would rather refuse than be wrong: once
 * something comes that shells read in different ways, or that needs a whole grammar, every place behind it is refused.
 */
export class ShellScan {
  readonly #frames: Frame[] = [];
  /** Something seen before makes all that follows uncertain. */
  #doubt: ShellPlace | undefined;
  #isEscaped = false;
  #last = '\n';
  #word = '';

  /** The place behind what has been read. */
  get place(): ShellPlace {
    const top = this.#frames.at(-1);
    if (this.#doubt !== undefined) return this.#doubt;
    if (this.#isEscaped) return ESCAPED;
    if (this.#frames.includes('backquotes')) return BACKQUOTES;
    if (this.#frames.includes('arithmetic')) return ARITHMETIC;
    if (this.#frames.includes('parameter')) return PARAMETER;
    if (top === 'comment') return COMMENT;
    const outer = this.#frames.indexOf('double');
    if (outer !== -1 && this.#frames.indexOf('command', outer) !== -1) return NESTED;
    if (top === 'single' || top === 'double') return top;
    return this.#last === '$' ? DOLLAR : 'bare';
  }

  /** The quote or bracket that nothing closes, if there is one. */
  get open(): string | undefined {
    const names: Partial<Record<Frame, string>> = {
      single: "'",
      double: '"',
      backquotes: '`',
      parameter: '${',
      arithmetic: '$((',
      command: '$(',
      comment: '#',
    };
    const top = this.#frames.at(-1);
    return this.#isEscaped ? '\\' : top === undefined ? undefined : names[top];
  }

  /** Whether a blank or an operator ends what has been read, or nothing has been. */
  get isAtWordStart(): boolean {
    return this.place === 'bare' && BLANK.test(this.#last);
  }

  /** Reads on, in the text of the template. */
  read(text: string): void {
    for (let at = 0; at < text.length; at += 1) at += this.#step(text, at);
  }

  /** A value stands here. */
  pass(): void {
    this.#isEscaped = false;
    this.#last = 'v';
    this.#word = '';
  }

  /** @returns how many characters behind the one at `at` were read with it */
  #step(text: string, at: number): number {
    const character = text[at] as string;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      // An escaped newline is as good as not there.
      if (character !== '\n') this.#last = 'x';
      else if (/[$<(]/.test(this.#last)) this.#doubt ??= CONTINUED;
      return 0;
    }
    const skipped = this.#take(character, text.slice(at + 1, at + 3));
    if (!this.#isEscaped) this.#last = text[at + skipped] as string;
    return skipped;
  }

  #take(character: string, next: string): number {
    const top = this.#frames.at(-1);
    if (top === 'single') {
      if (character === "'") this.#frames.pop();
      return 0;
    }
    if (top === 'comment') {
      if (character === '\n') this.#frames.pop();
      return 0;
    }
    if (character === '\\') {
      this.#isEscaped = true;
      return 0;
    }
    if (top === 'backquotes') {
      if (character === '`') this.#frames.pop();
      return 0;
    }
    if (top === 'parameter') return this.#takeInParameter(character);
    if (top === 'double') return this.#takeInDouble(character, next);
    return this.#takeBare(character, next, top);
  }

  #takeInParameter(character: string): number {
    if (character === '}') this.#frames.pop();
    // What quotes and braces mean in there differs from shell to shell.
    else if (/["'`${]/.test(character)) this.#doubt ??= ODD_PARAMETER;
    return 0;
  }

  #takeInDouble(character: string, next: string): number {
    if (character === '"') this.#frames.pop();
    else if (character === '`') this.#frames.push('backquotes');
    else if (character === '$') return this.#takeDollar(next);
    return 0;
  }

  #takeDollar(next: string): number {
    if (next === '((') {
      this.#frames.push('arithmetic', 'arithmetic');
      return 2;
    }
    if (next[0] === '(' || next[0] === '{') {
      this.#frames.push(next[0] === '(' ? 'command' : 'parameter');
      this.#word = '';
      return 1;
    }
    return 0;
  }

  #takeBare(character: string, next: string, top: Frame | undefined): number {
    if (top !== 'arithmetic') this.#noteWord(character, next);
    switch (character) {
      case "'":
        if (this.#last === '$') this.#doubt ??= ANSI_QUOTES;
        this.#frames.push('single');
        return 0;
      case '"':
        this.#frames.push('double');
        return 0;
      case '`':
        this.#frames.push('backquotes');
        return 0;
      case '$':
        return this.#takeDollar(next);
      case '(':
        this.#frames.push(top === 'arithmetic' ? 'arithmetic' : 'parenthesis');
        return 0;
      case ')':
        // One that nothing opened ends the pattern of a case.
        if (top !== undefined) this.#frames.pop();
        return 0;
      case '#':
        if (top !== 'arithmetic' && BLANK.test(this.#last)) this.#frames.push('comment');
        return 0;
      case '<':
        if (top !== 'arithmetic' && next[0] === '<') this.#doubt ??= HERE_DOCUMENT;
        return 0;
      default:
        return 0;
    }
  }

  /** The patterns of a case have brackets that nothing opens: the end of a `$(…)` around it would be missed. */
  #noteWord(character: string, next: string): void {
    this.#word = /\w/.test(character) ? this.#word + character : '';
    const isWhole = !/\w/.test(next[0] ?? '');
    if (this.#word === 'case' && isWhole && this.#frames.includes('command')) this.#doubt ??= UNSURE;
  }
}
