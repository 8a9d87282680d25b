import { ProcctlError } from '../errors.ts';
import { globMatcher, isGlob } from './glob.ts';
import { show } from './show.ts';
import { didYouMean } from './suggest.ts';

export interface Selectable {
  readonly id: number;
  readonly name: string;
  /** The name without its number, for instances; otherwise equal to `name`. */
  readonly group: string;
}

/** Which processes one word means; names cannot be numbers, patterns or `all`, so no word means two things. */
const testOf = (selector: string): ((one: Selectable) => boolean) => {
  if (selector === 'all') return () => true;
  if (/^\d+$/.test(selector)) return ({ id }) => String(id) === selector;
  if (isGlob(selector)) {
    const isMatch = globMatcher(selector);
    return ({ name }) => isMatch(name);
  }
  return ({ name, group }) => name === selector || group === selector;
};

const unknown = (selector: string, all: readonly Selectable[]): ProcctlError => {
  const message = (): string => {
    if (/^\d+$/.test(selector)) return `no process with the id ${show(selector).slice(1, -1)}`;
    if (isGlob(selector)) return `no process with a name like ${show(selector)}`;
    const meant = didYouMean(selector, [...new Set(all.flatMap(({ name, group }) => [name, group]))]);
    return `no process named ${show(selector)}${meant === undefined ? '' : `; did you mean ${show(meant)}?`}`;
  };
  return new ProcctlError('ERR_NO_PROCESS', message());
};

/**
 * The processes that words of the command line mean: a name, an id, a group (all instances of `web`), a pattern over
 * names (`web-*`, `[ab]?`), or `all`.
 *
 * @returns in the order of ids, each once; none for no words, and for `all` where there is none
 * @throws ProcctlError ERR_NO_PROCESS for the first word, `all` excepted, that means no process
 */
export const selectProcesses = <T extends Selectable>(all: readonly T[], selectors: readonly string[]): T[] => {
  const chosen = new Set<T>();
  for (const word of selectors) {
    const selector = word.normalize('NFC');
    const found = all.filter(testOf(selector));
    if (found.length === 0 && selector !== 'all') throw unknown(selector, all);
    for (const one of found) chosen.add(one);
  }
  return [...chosen].sort((a, b) => a.id - b.id);
};
