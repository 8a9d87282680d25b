import { bootId } from '../family/proc.ts';
import type { StoredProcess } from './process-directory.ts';
import type { Snapshot } from './snapshot.ts';
import { findTree } from './tree.ts';
import type { Observable } from './views.ts';

/**
 * What can be said of a process without its daemon: what the disk says, as far as the kernel agrees.
 */
export const observableOnDisk = ({ spec, status }: StoredProcess, snapshot: Snapshot): Observable => {
  const { life } = status;
  const { state } = life;
  const isUp = state.tag === 'running' || (state.tag === 'stopping' && state.ending === null);
  const main = isUp && status.bootId === bootId() ? state.main : null;
  const isAlive = main !== null && snapshot.byPid(main.pid)?.startTicks === main.startTicks;
  if (!isAlive) return { spec, life, main, tree: [] };
  const query = {
    marked: [],
    main,
    hasJustEnded: false,
    seen: status.seen,
    inCgroup: [],
    excluded: [process.pid],
  };
  return { spec, life, main, tree: findTree(query, snapshot) };
};
