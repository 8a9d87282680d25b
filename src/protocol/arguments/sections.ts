import { ProcctlError } from '../../errors.ts';

/** Where values come from. */
export type ArgumentSource =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Lines of a file; `-` is standard input. */
  | { readonly kind: 'file'; readonly file: string };

/** What stands behind `--`: a template, and where its values come from. */
export interface Sections {
  readonly template: readonly string[];
  /**
   * The sources of a group are linked: they go forward together, and end with the shortest. Of the groups, each value of
   * one goes with each of the others. Empty: lines of standard input.
   */
  readonly groups: readonly (readonly ArgumentSource[])[];
}

const SEPARATORS = [':::', '::::', ':::+', '::::+'];

/** Whether a word begins a list of values. */
export const isSeparator = (word: string): boolean => SEPARATORS.includes(word);

const sourcesOf = (separator: string, words: readonly string[]): ArgumentSource[] => {
  if (!separator.startsWith('::::')) return [{ kind: 'words', words }];
  if (words.length > 0) return words.map((file) => ({ kind: 'file', file }));
  throw new ProcctlError('ERR_USAGE', `${separator} needs a file`, { hint: '- is standard input' });
};

/**
 * Takes apart what stands behind `--`, as GNU parallel does: `::: a b` are values, `:::: f g` files with a value a line
 * (each a source of its own), and a `+` links a source to the one before.
 *
 * @throws ProcctlError ERR_USAGE for a `+` without a source before it, a `::::` without a file, and standard input twice
 */
export const parseSections = (words: readonly string[]): Sections => {
  const first = words.findIndex(isSeparator);
  const template = first === -1 ? words : words.slice(0, first);
  const groups: ArgumentSource[][] = [];
  for (let at = first; at !== -1 && at < words.length; ) {
    const separator = words[at] as string;
    const length = words.slice(at + 1).findIndex(isSeparator);
    const end = length === -1 ? words.length : at + 1 + length;
    const sources = sourcesOf(separator, words.slice(at + 1, end));
    at = end;
    if (!separator.endsWith('+')) {
      groups.push(...sources.map((source) => [source]));
      continue;
    }
    const linked = groups.at(-1);
    if (linked === undefined) {
      throw new ProcctlError('ERR_USAGE', `${separator} links to the source before it, and there is none`, {
        hint: `the first source begins with ${separator.slice(0, -1)}`,
      });
    }
    linked.push(...sources);
  }
  checkStdin(groups.flat());
  return { template, groups };
};

/** The same words with other files behind `::::`. */
export const withFiles = (words: readonly string[], fileOf: (file: string) => string): string[] => {
  let separator = '';
  return words.map((word) => {
    if (isSeparator(word)) separator = word;
    return word !== separator && separator.startsWith('::::') ? fileOf(word) : word;
  });
};

const checkStdin = (sources: readonly ArgumentSource[]): void => {
  const readers = sources.filter((source) => source.kind === 'file' && source.file === '-');
  if (readers.length < 2) return;
  throw new ProcctlError('ERR_USAGE', 'standard input can be one source only, and - stands twice');
};
