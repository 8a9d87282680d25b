import { bootId, type ProcInfo } from '../family/proc.ts';
import type { StoredProcess } from './process-directory.ts';
import { findTree } from './tree.ts';
import type { Observable } from './views.ts';

/**
 * What can be said of a process without its daemon: what the disk says, as far as the kernel agrees.
 *
 * @param procs everything that is alive
 */
export const observableOnDisk = ({ spec, status }: StoredProcess, procs: readonly ProcInfo[]): Observable => {
  const { life } = status;
  const { state } = life;
  const isUp = state.tag === 'running' || (state.tag === 'stopping' && state.ending === null);
  const main = isUp && status.bootId === bootId() ? state.main : null;
  const isAlive = procs.some(({ pid, startTicks }) => pid === main?.pid && startTicks === main.startTicks);
  if (main === null || !isAlive) return { spec, life, main, tree: [] };
  const seen = new Map(status.seen.map((ref) => [ref.pid, ref]));
  const query = {
    mark: undefined,
    main,
    isSessionOurs: true,
    seen,
    inCgroup: new Set<number>(),
    excluded: new Set([process.pid]),
  };
  return { spec, life, main, tree: findTree(query, procs) };
};
