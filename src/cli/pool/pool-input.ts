// What the words of `procctl pool` mean: a tasks file, or a template with its inputs. What stands behind the first bare
// `--` is the template; commander has dropped that word, so it is looked for in what the caller has typed.

import { ProcctlError } from '../../errors.ts';
import type { PoolFlags } from './flags.ts';

/** Where the tasks of a pool come from. */
export type PoolInput =
  | { readonly kind: 'file'; readonly file: string }
  /** The words behind `--`: a template, and its sources. */
  | { readonly kind: 'template'; readonly words: readonly string[] };

const isSeparator = (word: string): boolean => /^:::+\+?$/.test(word);

/** Whether tasks, or their arguments, come from standard input. */
export const readsStdin = (input: PoolInput): boolean => {
  if (input.kind === 'file') return input.file === '-';
  let separator: string | undefined;
  for (const word of input.words) {
    if (isSeparator(word)) separator = word;
    else if (word === '-' && separator?.startsWith('::::')) return true;
  }
  return separator === undefined;
};

const usage = (message: string, hint?: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', message, hint === undefined ? {} : { hint });

const WAY_OUT = 'write procctl pool [options] -- command {} ::: arguments';

/** For a command that was written like a tasks file. */
export const TEMPLATES_BEHIND = `a command stands behind --: ${WAY_OUT}`;

const TEMPLATE_OPTIONS = [
  ['shell', '--shell'],
  ['maxArgs', '-n'],
  ['pack', '-X'],
  ['maxChars', '--max-chars'],
  ['replace', '-I'],
  ['null', '--null'],
  ['csv', '--csv'],
  ['tsv', '--tsv'],
  ['jsonLines', '--json-lines'],
  ['pipe', '--pipe'],
  ['block', '--block'],
  ['recordSep', '--record-sep'],
  ['taskName', '--task-name'],
] as const satisfies readonly (readonly [keyof PoolFlags, string])[];

const isGiven = (value: unknown): boolean => value !== false && value !== null;

const fileInput = (words: readonly string[], flags: PoolFlags): PoolInput => {
  const [file, more] = words;
  // Each line of standard input is a line for the shell: there is no template to write.
  if (file === undefined && flags.shell) return { kind: 'template', words: [] };
  if (words.some(isSeparator)) throw usage('::: stands behind a template, and that behind --', WAY_OUT);
  if (file === undefined) throw usage('missing: a tasks file, - for standard input, or a template behind --', WAY_OUT);
  if (more !== undefined)
    throw usage(`too many arguments: expected one tasks file, got ${words.length} words`, TEMPLATES_BEHIND);
  const [, option] = TEMPLATE_OPTIONS.find(([name]) => isGiven(flags[name])) ?? [];
  if (option !== undefined) throw usage(`${option} is for templates, not for a tasks file`, WAY_OUT);
  return { kind: 'file', file };
};

/**
 * @param words that are no options, as commander gives them
 * @param typed all words behind `pool`
 * @throws ProcctlError ERR_USAGE
 */
export const poolInput = (words: readonly string[], typed: readonly string[], flags: PoolFlags): PoolInput => {
  const end = typed.indexOf('--');
  if (end === -1) return fileInput(words, flags);
  const behind = typed.slice(end + 1);
  const before = words.slice(0, Math.max(0, words.length - behind.length));
  if (before.length > 0) {
    throw usage(
      'there is either a tasks file or a template behind --, not both',
      `leave out what stands before --: ${before.join(' ').slice(0, 40)}`,
    );
  }
  if (flags.retryDelay.maxMs > 0 && flags.retries === 0) {
    throw usage('--retry-delay without --retries: there is no further try', 'add --retries <n>, or leave it out');
  }
  if (flags.format !== 'auto') throw usage('--format is for a tasks file, not for a template', 'leave it out');
  return { kind: 'template', words: behind };
};
