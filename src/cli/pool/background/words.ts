// The words of `procctl pool`, as commander takes them apart; so that a batch in the background gets the same ones.

/** What is to be known of an option to tell its words from others. */
export interface OptionShape {
  /** `-s`; absent: it has none. */
  readonly short?: string | undefined;
  /** `--size` */
  readonly long?: string | undefined;
  /** Whether a word belongs to it: `required` takes the next one whatever it is, `optional` unless that looks like an option. */
  readonly value: 'none' | 'required' | 'optional';
}

/** Words that belong together. */
export type Part =
  /** `option` is the long name; `isOpen`: it would take the next word for its value, if there were one that looks like it. */
  | { readonly kind: 'option'; readonly option: string; readonly isOpen: boolean; readonly words: readonly string[] }
  | { readonly kind: 'operand'; readonly words: readonly [string] }
  /** `--`, and all that follows. */
  | { readonly kind: 'rest'; readonly words: readonly string[] };

const NEGATIVE_NUMBER = /^-(\d+|\d*\.\d+)(e[+-]?\d+)?$/;

const looksLikeOption = (word: string): boolean =>
  word.length > 1 && word.startsWith('-') && !NEGATIVE_NUMBER.test(word);

/** The option that the last letter taken from `-abc` belongs to, and whether that leaves letters for its value. */
const shortOption = (
  word: string,
  options: readonly OptionShape[],
): { readonly option: OptionShape | undefined; readonly hasValue: boolean } => {
  let option: OptionShape | undefined;
  for (let at = 1; at < word.length; at += 1) {
    option = options.find(({ short }) => short === `-${word[at]}`);
    if (option === undefined || option.value !== 'none') return { option, hasValue: at + 1 < word.length };
  }
  return { option, hasValue: false };
};

/**
 * Takes words apart that commander has understood.
 *
 * @param words what follows `procctl pool`
 */
export const partsOf = (words: readonly string[], options: readonly OptionShape[]): Part[] => {
  const parts: Part[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    if (word === '--') {
      parts.push({ kind: 'rest', words: words.slice(at) });
      break;
    }
    if (!looksLikeOption(word)) {
      parts.push({ kind: 'operand', words: [word] });
      continue;
    }
    const equals = word.indexOf('=');
    const isLong = word.startsWith('--');
    const long = isLong && equals > 0 ? word.slice(0, equals) : word;
    const { option, hasValue } = isLong
      ? { option: options.find((one) => one.long === long), hasValue: equals > 0 }
      : shortOption(word, options);
    const next = words[at + 1];
    const takesNext =
      !hasValue &&
      next !== undefined &&
      (option?.value === 'required' || (option?.value === 'optional' && !looksLikeOption(next)));
    parts.push({
      kind: 'option',
      option: option?.long ?? word,
      isOpen: option?.value === 'optional' && !hasValue && !takesNext,
      words: takesNext ? [word, next] : [word],
    });
    if (takesNext) at += 1;
  }
  return parts;
};

/** Options that only the command in the foreground has a use for. */
const FOREGROUND_ONLY: ReadonlySet<string> = new Set(['--detach', '--name']);

/** What takes the place of operands: of the tasks file, or of what stands behind `--`. What is absent stays. */
export interface Operands {
  readonly file?: string;
  readonly behind?: readonly string[];
}

/**
 * The words for the batch in the background.
 *
 * @param operands those of the batch
 */
export const wordsOfBatch = (parts: readonly Part[], { file, behind }: Operands = {}): string[] => {
  const kept = parts.filter((part) => part.kind !== 'option' || !FOREGROUND_ONLY.has(part.option));
  const open = new Set(kept.flatMap((part) => (part.kind === 'option' && part.isOpen ? [part.option] : [])));
  const isOpen = (part: Part): boolean => part.kind === 'option' && open.has(part.option);
  // What stood behind an open option may be gone: no operand may come to stand there.
  const ordered = [
    ...kept.filter((part) => part.kind !== 'rest' && !isOpen(part)),
    ...kept.filter(isOpen),
    ...kept.filter((part) => part.kind === 'rest'),
  ];
  return ordered.flatMap((part) => {
    if (part.kind === 'operand' && file !== undefined) return [file];
    return part.kind === 'rest' && behind !== undefined ? ['--', ...behind] : part.words;
  });
};
