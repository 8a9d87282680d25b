import { byteLength, WORD_BYTES } from '../arguments/exec-room.ts';
import { type Pack, textIn, valuesIn, variesByRow } from './expand.ts';
import { isArgument, isPlaceholder, type Part, type Placeholder } from './parts.ts';
import type { Row } from './row.ts';

/** How large a command is, or how much larger it becomes with one more input, in bytes. */
export interface CommandSizes {
  /** Of the words and variables that become longer with more inputs, the longest. */
  readonly longest: number;
  /** Words and variables as an exec counts them. */
  readonly exec: number;
  /** Words with a blank behind each. */
  readonly chars: number;
}

type Argument = Extract<Placeholder, { operation: unknown }>;

/**
 * What of a template becomes longer with more inputs: words of a program, or a line for the shell, and values of variables.
 */
export interface GrowingParts {
  readonly argv: readonly (readonly Part[])[];
  readonly line?: readonly Part[];
  readonly variables: readonly (readonly Part[])[];
}

type Form = Pick<Pack, 'seq' | 'isPacked' | 'isTable'>;

/** A word that comes again with each input: bytes of its own, with a blank behind it. */
interface RepeatedWord {
  readonly bytes: number;
  readonly parts: readonly Argument[];
}

const isGrowing = (part: Part): part is Argument => isPlaceholder(part) && isArgument(part);

/** Between quotes of the shell; one in the value takes three more characters. */
const quotedBytes = (value: string): number => {
  let bytes = byteLength(value) + 2;
  for (let at = value.indexOf("'"); at !== -1; at = value.indexOf("'", at + 1)) bytes += 3;
  return bytes;
};

/**
 * Tells by arithmetic what each input adds to a command of several, so that no command has to be made to see whether it fits.
 * Where `{2}` stands for the second input of a command, each is counted as if it were the second: that is too much, by as much as the
 * others have. One case is counted too small: a word such as `{}-{1}`, which says the first input again with each other one.
 */
export class RowGrowth {
  /** Replacement strings that are words of their own: as many as there are values. */
  readonly #alone: readonly Argument[];
  readonly #repeated: readonly RepeatedWord[];
  /** In words that are there once. */
  readonly #within: readonly Argument[];
  readonly #line: readonly Argument[];
  readonly #variables: readonly (readonly Argument[])[];
  readonly #form: Form;

  constructor({ argv, line = [], variables }: GrowingParts, form: Form) {
    const isAlone = (word: readonly Part[]): boolean => word.length === 1;
    const isRepeated = (word: readonly Part[]): boolean => word.some((part) => variesByRow(part, form));
    const rest = argv.filter((word) => !isAlone(word));
    this.#form = form;
    this.#alone = argv.filter(isAlone).flat().filter(isGrowing);
    this.#repeated = rest.filter(isRepeated).map((word) => this.#repeatedWord(word));
    this.#within = rest
      .filter((word) => !isRepeated(word))
      .flat()
      .filter(isGrowing);
    this.#line = line.filter(isGrowing);
    this.#variables = variables.map((text) => text.filter(isGrowing)).filter((text) => text.length > 0);
  }

  /** What this input adds. */
  of(row: Row): CommandSizes {
    let chars = 0;
    let words = 0;
    for (const part of this.#alone) {
      for (const value of this.#values(part, row)) {
        chars += byteLength(value) + 1;
        words += 1;
      }
    }
    for (const { bytes, parts } of this.#repeated) {
      chars += bytes + this.#joined(parts, row, 0);
      words += 1;
    }
    chars += this.#joined(this.#within, row, 0);
    const line = this.#joined(this.#line, row, 1, quotedBytes);
    let longest = line;
    let variables = 0;
    for (const text of this.#variables) {
      const bytes = this.#joined(text, row, 1);
      variables += bytes;
      longest = Math.max(longest, bytes);
    }
    // In `chars` is one byte for the end of each word already.
    return { longest, exec: chars + words * (WORD_BYTES - 1) + line + variables, chars: chars + line };
  }

  #repeatedWord(word: readonly Part[]): RepeatedWord {
    const bare = { ...this.#form, rows: [] };
    const others = word.filter((part) => !isGrowing(part));
    const bytes = others.reduce((sum, part) => sum + byteLength(textIn(part, { values: [] }, bare)), 0);
    return { bytes: bytes + 1, parts: word.filter(isGrowing) };
  }

  /** The values of replacement strings with blanks between them, and so many more bytes behind those of each. */
  #joined(parts: readonly Argument[], row: Row, more: number, bytesOf: (value: string) => number = byteLength): number {
    let bytes = 0;
    for (const part of parts) {
      const values = this.#values(part, row);
      for (const value of values) bytes += bytesOf(value);
      bytes += Math.max(0, values.length - 1) + more;
    }
    return bytes;
  }

  #values(part: Argument, row: Row): readonly string[] {
    const { seq, isPacked, isTable } = this.#form;
    if (part.kind === 'all' && part.operation === '') return row.values;
    const isOfPack = part.kind === 'position' && isPacked && !isTable;
    return valuesIn(isOfPack ? { ...part, position: 1 } : part, row, { seq, isPacked, isTable, rows: [row] });
  }
}
