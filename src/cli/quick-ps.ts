import { EXIT } from '../exit-status.ts';
import { listQuickly } from './quick-list.ts';
import { READER_GONE } from './reader-gone.ts';
import type { PsFlags } from './run-ps.lazy.ts';
import { writeNow } from './write-now.ts';

const DEFAULTS: PsFlags = { wide: false, filter: [], headers: true, quiet: false, json: false, color: 'auto' };

/** Options of `ps` that are a word of their own. */
const SIMPLE: Readonly<Record<string, Partial<PsFlags>>> = {
  '--wide': { wide: true },
  '--json': { json: true },
  '-q': { quiet: true },
  '--quiet': { quiet: true },
  '--no-headers': { headers: false },
};

const ps = async (names: readonly string[], flags: PsFlags): Promise<number> => {
  const { wide, headers, quiet, json } = flags;
  const face = json ? 'json' : quiet ? 'names' : 'table';
  const list = await listQuickly({ names, face, wide, headers });
  if ('text' in list) return (await writeNow(list.text)) ? EXIT.done : READER_GONE;
  const { runPs, selectProcesses } = await import('./run-ps.lazy.ts');
  const [processes, left] = 'all' in list ? [list.all, names] : [list.chosen, []];
  return runPs(left, flags, { fetch: async () => processes, select: selectProcesses, now: Date.now });
};

/**
 * `ps` as it is mostly asked for, without the parser of options, which takes longer to load than all the rest.
 *
 * @param words the arguments of procctl
 * @returns what runs it and gives the exit status; undefined when the words say more than that
 */
export const quickPs = ([command, ...words]: readonly string[]): (() => Promise<number>) | undefined => {
  if (command !== 'ps') return undefined;
  const names: string[] = [];
  let flags = DEFAULTS;
  for (const word of words) {
    const simple = Object.hasOwn(SIMPLE, word) ? SIMPLE[word] : undefined;
    if (simple === undefined && word.startsWith('-')) return undefined;
    if (simple === undefined) names.push(word);
    else flags = { ...flags, ...simple };
  }
  // A mistake, to be explained.
  if (flags.quiet && flags.json) return undefined;
  return () => ps(names, flags);
};
