import { listProcesses } from './access.ts';
import type { PsFlags } from './run-ps.lazy.ts';

const DEFAULTS: PsFlags = { wide: false, filter: [], headers: true, quiet: false, json: false, color: 'auto' };

/** Options of `ps` that are a word of their own. */
const SIMPLE: Readonly<Record<string, Partial<PsFlags>>> = {
  '--wide': { wide: true },
  '--json': { json: true },
  '-q': { quiet: true },
  '--quiet': { quiet: true },
  '--no-headers': { headers: false },
};

/**
 * `ps` as it is mostly asked for, without the parser of options, which takes longer to load than all the rest. The daemon is
 * asked before anything else is loaded, and answers meanwhile.
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
  return async () => {
    // All that is done beside the main thread is one write: no need for four threads.
    process.env.UV_THREADPOOL_SIZE ??= '1';
    const early = listProcesses({ wide: flags.wide });
    early.catch(() => {});
    // The connection is there after one turn of the event loop: to load something before would hold up the question.
    await new Promise((resolve) => setImmediate(resolve));
    const { runPs, selectProcesses } = await import('./run-ps.lazy.ts');
    return runPs(names, flags, { fetch: () => early, select: selectProcesses, now: Date.now });
  };
};
