import type { MainProcess, ProcessRef } from '../../core/process/life.ts';
import { type ProcInfo, readEnviron } from '../family/proc.ts';

/** What identifies the processes that one supervised process has started. */
export interface TreeQuery {
  /** Part of PROCCTL_MARK that only they have; undefined: environments are not looked at, which is much cheaper. */
  readonly mark: string | undefined;
  /** The main program of the last run, which leads a session of its own. */
  readonly main: MainProcess | null;
  /** Whether the session of `main` can be nobody else's: it lives, or its end has just been learnt. */
  readonly isSessionOurs: boolean;
  /** Members seen earlier, by pid. */
  readonly seen: ReadonlyMap<number, ProcessRef>;
  /** Members of the cgroup, where there is one. */
  readonly inCgroup: ReadonlySet<number>;
  /** Never part of it: the daemon, the shim. */
  readonly excluded: ReadonlySet<number>;
}

/**
 * The processes that belong to a supervised process: found by cgroup, by the mark in their environment, by session, by having been
 * seen before, and by descent from any of these.
 *
 * @param procs everything that is alive
 */
export const findTree = (query: TreeQuery, procs: readonly ProcInfo[]): ProcInfo[] => {
  const { main, excluded } = query;
  // If somebody else leads a session of this number by now, it is not ours.
  const leader = main === null ? undefined : procs.find(({ pid }) => pid === main.pid);
  const isForeign = main !== null && leader !== undefined && leader.startTicks !== main.startTicks;
  const session = main !== null && query.isSessionOurs && !isForeign ? main : undefined;
  const isRoot = (proc: ProcInfo): boolean => {
    if (query.inCgroup.has(proc.pid)) return true;
    if (query.seen.get(proc.pid)?.startTicks === proc.startTicks) return true;
    if (main?.pid === proc.pid && main.startTicks === proc.startTicks) return true;
    if (session !== undefined && proc.session === session.pid && proc.startTicks >= session.startTicks) return true;
    return query.mark !== undefined && readEnviron(proc.pid).includes(query.mark);
  };
  const members = new Map<number, ProcInfo>();
  for (const proc of procs) if (!excluded.has(proc.pid) && isRoot(proc)) members.set(proc.pid, proc);
  if (members.size === 0) return [];
  for (let grew = true; grew; ) {
    grew = false;
    for (const proc of procs) {
      if (members.has(proc.pid) || !members.has(proc.parent) || excluded.has(proc.pid)) continue;
      members.set(proc.pid, proc);
      grew = true;
    }
  }
  return [...members.values()];
};
