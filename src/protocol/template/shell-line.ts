import { ProcctlError } from '../../errors.ts';
import { shellQuote } from '../shell-text.ts';
import { type Pack, valuesOf, variesByRow } from './expand.ts';
import { isArgument, isPlaceholder, type Part, type Placeholder } from './parts.ts';
import { ShellScan } from './shell-scan.ts';

/** How a value is written where it stands. */
type Writing = 'bare' | 'double' | 'single' | 'plain';

type Piece = string | { readonly part: Placeholder; readonly writing: Writing; readonly isAlone: boolean };

const refusal = (message: string, hint: string): ProcctlError => new ProcctlError('ERR_USAGE', message, { hint });

const NEXT_ENDS_WORD = /^[\s;&|<>()]/;

/** Behind these another command begins, which an argument must never become. */
const ENDS_COMMAND = /[;&|(]$/;

/** A line for `/bin/sh` with replacement strings, checked: values are quoted by where they stand. */
export class ShellLine {
  readonly #pieces: readonly Piece[];

  /**
   * @param parts of the line
   * @param rows whether inputs are packed, and have several values
   * @throws ProcctlError ERR_USAGE where a value cannot be quoted, and for several values in a place for one
   */
  constructor(parts: readonly Part[], rows: Pick<Pack, 'isPacked' | 'isTable'>) {
    const scan = new ShellScan();
    this.#pieces = parts.map((part, index) => {
      if (!isPlaceholder(part)) {
        scan.read(part);
        return part;
      }
      const piece = this.#place(part, scan, parts[index + 1]);
      if (rows.isPacked && variesByRow(part, rows) && !piece.isAlone) {
        throw refusal(
          `${part.text} stands for several arguments, and must be a word of its own outside quotes`,
          'leave the quotes out: values are quoted by procctl',
        );
      }
      scan.pass();
      return piece;
    });
  }

  #place(part: Placeholder, scan: ShellScan, next: Part | undefined): Exclude<Piece, string> {
    const { place } = scan;
    const isFreeBehind = next === undefined || (typeof next === 'string' && NEXT_ENDS_WORD.test(next));
    const isAlone = scan.isAtWordStart && isFreeBehind;
    if (typeof place === 'string') return { part, writing: place, isAlone };
    // Digits mean the same everywhere.
    if (!isArgument(part)) return { part, writing: 'plain', isAlone };
    throw refusal(
      `${part.text} stands ${place.refused}: a value cannot be quoted there for sure`,
      `give it by --env, such as --env V=${part.text}, and write "$V"`,
    );
  }

  /** The line for these inputs. */
  expand(pack: Pack): string {
    return this.#pieces
      .map((piece) => (typeof piece === 'string' ? piece : write(piece, valuesOf(piece.part, pack))))
      .join('');
  }
}

const write = ({ writing, isAlone }: Exclude<Piece, string>, values: readonly string[]): string => {
  if (isAlone) return values.map(shellQuote).join(' ');
  const text = values.join(' ');
  switch (writing) {
    case 'plain':
      return text;
    case 'bare':
      return shellQuote(text);
    case 'double':
      return `"${shellQuote(text)}"`;
    case 'single':
      return `'${shellQuote(text)}'`;
    default:
      return writing satisfies never;
  }
};

/**
 * Makes sure that arguments can be put behind a line that has no replacement string.
 *
 * @param all how `{}` is written
 * @throws ProcctlError ERR_USAGE where a word behind the line would be no argument of its last command
 */
export const checkArgumentsBehind = (line: string, all: string): void => {
  const trimmed = line.trimEnd();
  const scan = new ShellScan();
  scan.read(trimmed);
  if (!ENDS_COMMAND.test(trimmed) && scan.open === undefined && scan.place === 'bare') return;
  throw refusal('the arguments cannot be put behind this line', `say where they belong: ${all}`);
};
