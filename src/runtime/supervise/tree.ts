import type { MainProcess, ProcessRef } from '../../core/process/life.ts';
import type { Kin } from '../family/kin.ts';
import type { ProcInfo } from '../family/proc.ts';

/** What identifies the processes that one supervised process has started. */
export interface TreeQuery {
  /** Who carries its mark in the environment. To look for them is expensive: not for a list. */
  readonly marked: Iterable<ProcInfo>;
  /** The main program of the last run, which leads a session of its own. */
  readonly main: MainProcess | null;
  /** Whether the end of `main` has just been learnt: its session cannot be anybody else's yet. */
  readonly hasJustEnded: boolean;
  /** Members seen earlier. */
  readonly seen: Iterable<ProcessRef>;
  /** Members of the cgroup, where there is one. */
  readonly inCgroup: Iterable<number>;
  /** Never part of it: the daemon, the shim. */
  readonly excluded: readonly number[];
}

const isSame = (proc: ProcInfo | undefined, ref: ProcessRef | null): proc is ProcInfo =>
  proc !== undefined && ref !== null && proc.startTicks === ref.startTicks;

/**
 * The processes that belong to a supervised process: found by session, by having been seen before, by cgroup, by the mark in
 * their environment, and by descent from any of these.
 */
export const findTree = (query: TreeQuery, procs: Kin): ProcInfo[] => {
  const { main, excluded } = query;
  const members = new Set<ProcInfo>();
  const add = (proc: ProcInfo): void => {
    if (excluded.includes(proc.pid) || members.has(proc)) return;
    members.add(proc);
    for (const child of procs.childrenOf(proc.pid)) add(child);
  };
  if (main !== null) {
    const leader = procs.byPid(main.pid);
    const isThere = isSame(leader, main);
    if (isThere) add(leader);
    // If somebody else has the leader's number by now, or may have had it, the session is not ours.
    if (leader === undefined ? query.hasJustEnded : isThere) {
      for (const proc of procs.session(main.pid)) if (proc.startTicks >= main.startTicks) add(proc);
    }
  }
  for (const ref of query.seen) {
    const proc = procs.byPid(ref.pid);
    if (isSame(proc, ref)) add(proc);
  }
  for (const pid of query.inCgroup) {
    const proc = procs.byPid(pid);
    if (proc !== undefined) add(proc);
  }
  for (const proc of query.marked) add(proc);
  return [...members];
};
