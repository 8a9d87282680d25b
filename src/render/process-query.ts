// Which processes `ps` shows, in which order, and what of them: the values of --columns, --sort and --filter.
import { compareNaturally } from '../core/natural-order.ts';
import { ProcctlError } from '../errors.ts';
import { globMatcher } from '../protocol/glob.ts';
import type { ProcessView } from '../protocol/process-view.ts';
import { show } from '../protocol/show.ts';
import { didYouMean } from '../protocol/suggest.ts';
import { COLUMN_BY_NAME, type ProcessColumn } from './process-columns.ts';

/** By which column processes are ordered. */
export interface ProcessSort {
  readonly column: ProcessColumn;
  readonly isDescending: boolean;
}

/** What a process must have in one of its columns. */
export interface ProcessFilter {
  readonly column: ProcessColumn;
  readonly isMatch: (fact: string) => boolean;
}

const wrongWord = (message: string, word: string, words: readonly string[], kind: string): ProcctlError => {
  const meant = didYouMean(word, words);
  const hint = meant === undefined ? `${kind}: ${words.join(', ')}` : `did you mean "${meant}"?`;
  return new ProcctlError('ERR_USAGE', message, { hint });
};

const columnOf = (name: string, option: string): ProcessColumn => {
  const column = COLUMN_BY_NAME.get(name);
  if (column !== undefined) return column;
  const names = [...COLUMN_BY_NAME.keys()];
  throw wrongWord(`${option}: unknown column ${show(name)}`, name, names, 'the columns');
};

/** Reads `id,name,state`. @throws ProcctlError ERR_USAGE for a name that is no column */
export const parseColumns = (text: string): readonly ProcessColumn[] =>
  text.split(',').map((name) => columnOf(name.trim(), '--columns'));

/** Reads `cpu`, `-cpu`, `cpu:asc` or `cpu:desc`. @throws ProcctlError ERR_USAGE for anything else */
export const parseSort = (text: string): ProcessSort => {
  const [, minus, name = '', direction] = /^(-?)([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const column = columnOf(name, '--sort');
  if (direction === undefined) return { column, isDescending: minus === '-' };
  if (minus !== '-' && (direction === 'asc' || direction === 'desc')) {
    return { column, isDescending: direction === 'desc' };
  }
  throw new ProcctlError('ERR_USAGE', `--sort: expected a column such as "${name}" or "-${name}", got ${show(text)}`);
};

/** Reads `state=waiting` or `name=web-*`. @throws ProcctlError ERR_USAGE for a key or word that no process could have */
export const parseFilter = (text: string): ProcessFilter => {
  const at = text.indexOf('=');
  if (at === -1) {
    throw new ProcctlError('ERR_USAGE', `--filter: expected a column and a value, got ${show(text)}`, {
      hint: 'such as state=waiting or name=web-*',
    });
  }
  const column = columnOf(text.slice(0, at), '--filter');
  const pattern = text.slice(at + 1);
  const { name, words } = column;
  // A word that is no state can only be a mistake; `exited (0)` and globs may be anything.
  const isWord = /^[\w-]*$/.test(pattern);
  if (words !== undefined && isWord && !words.includes(pattern)) {
    throw wrongWord(`--filter: ${name} is never ${show(pattern)}`, pattern, words, 'it is one of');
  }
  const fitsPattern = globMatcher(pattern);
  return { column, isMatch: (fact) => fact === pattern || fitsPattern(fact) };
};

const factsOf = (column: ProcessColumn, view: ProcessView): readonly string[] => {
  if (column.facts !== undefined) return column.facts(view);
  const text = column.text(view);
  return text === null ? [] : [text];
};

/** The processes that fit every filter, in their order. */
export const filterProcesses = (
  processes: readonly ProcessView[],
  filters: readonly ProcessFilter[],
): readonly ProcessView[] =>
  processes.filter((view) => filters.every(({ column, isMatch }) => factsOf(column, view).some(isMatch)));

/** Less than 0 when `one` comes first; null where a process has nothing to compare, which comes last either way. */
const compareIn = (column: ProcessColumn, one: ProcessView, other: ProcessView): number | null => {
  const [rankOne, rankOther] = [column.rank?.(one) ?? null, column.rank?.(other) ?? null];
  if (rankOne !== null && rankOther !== null && rankOne !== rankOther) return rankOne - rankOther;
  const [textOne, textOther] = [column.text(one), column.text(other)];
  return textOne === null || textOther === null ? null : compareNaturally(textOne, textOther);
};

/** Sorted by one column, then by id; what has nothing in the column comes last, also when the order is descending. */
export const sortProcesses = (
  processes: readonly ProcessView[],
  { column, isDescending }: ProcessSort,
): readonly ProcessView[] =>
  [...processes].sort((one, other) => {
    const order = compareIn(column, one, other);
    if (order !== null && order !== 0) return isDescending ? -order : order;
    const missing = Number(column.text(one) === null) - Number(column.text(other) === null);
    return missing || one.id - other.id;
  });
