import { FreeMemoryWatch } from '../../runtime/pool/watches/free-memory-watch.ts';
import { LoadWatch } from '../../runtime/pool/watches/load-watch.ts';
import { TaskMemoryWatch } from '../../runtime/pool/watches/task-memory-watch.ts';
import type { Watched } from '../../runtime/pool/watches/watched.ts';
import type { ControlFlags } from './options/control-options.ts';

/** Begins to look at the machine, as the options have it. @returns what ends that */
export const startWatches = (
  pool: Watched,
  { load, memfree, memoryMax }: Pick<ControlFlags, 'load' | 'memfree' | 'memoryMax'>,
  say: (line: string) => void,
): (() => void) => {
  const onHeld = (reason: string): void => say(`procctl: new starts are held back: ${reason}`);
  const watches = [
    ...(load === undefined ? [] : [new LoadWatch(pool, { limit: load, onHeld })]),
    ...(memfree === undefined ? [] : [new FreeMemoryWatch(pool, { bytes: memfree, onHeld })]),
    ...(memoryMax === undefined ? [] : [new TaskMemoryWatch(pool, memoryMax)]),
  ];
  return () => {
    for (const watch of watches) watch.stop();
  };
};
