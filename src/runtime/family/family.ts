import { type ProcInfo, readAllProcs, readEnviron, readProc } from './proc.ts';

/** What identifies the processes that one attempt has started. */
export interface FamilyQuery {
  /** The part of PROCCTL_MARK that only this attempt's processes have in their environment. */
  readonly mark: string;
  /** The part of PROCCTL_MARK that all processes of this pool have. */
  readonly poolMark: string;
  /** The lane's shell, or undefined when the attempt was started without it; it is never part of the family. */
  readonly shell: number | undefined;
  /** The attempt's own first process, when it is known. */
  readonly leader: number | undefined;
  /** Session of the attempt: processes in it that began after `sinceTicks` belong to the family. */
  readonly session: number;
  readonly sinceTicks: number;
}

/**
 * The processes of one attempt: those with its mark in their environment, those in its session that began during
 * the attempt, the children of the lane's shell, and everything that descends from any of these.
 *
 * A process of an earlier attempt in the same lane (something left in the background) is not among them: it carries
 * another mark, or is older.
 */
export const findFamily = (query: FamilyQuery, procs: readonly ProcInfo[] = readAllProcs()): ProcInfo[] => {
  const family = new Map<number, ProcInfo>();
  for (const proc of procs) {
    if (proc.pid === query.shell || proc.pid === process.pid) continue;
    if (isRoot(proc, query)) family.set(proc.pid, proc);
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const proc of procs) {
      if (family.has(proc.pid) || !family.has(proc.parent) || proc.pid === process.pid) continue;
      family.set(proc.pid, proc);
      grew = true;
    }
  }
  return [...family.values()];
};

const isRoot = (proc: ProcInfo, query: FamilyQuery): boolean => {
  if (proc.pid === query.leader || (query.shell !== undefined && proc.parent === query.shell)) return true;
  if (proc.startTicks < query.sinceTicks) return false;
  const environ = readEnviron(proc.pid);
  if (environ.includes(query.mark)) return true;
  if (proc.session !== query.session) return false;
  // A fork of the lane's shell that never became another program shows the lane's own environment: attempt 0.
  const other = environ.indexOf(query.poolMark);
  return other === -1 || environ.startsWith(`${query.poolMark}0.0/`, other);
};

/** Everything any attempt of a pool has left: by its mark, by the sessions of its lanes, and what descends from these. */
export const findLeftovers = (poolMark: string, sessions: ReadonlySet<number>, sinceTicks: number): ProcInfo[] => {
  const procs = readAllProcs();
  const family = new Map<number, ProcInfo>();
  for (const proc of procs) {
    if (proc.pid === process.pid || proc.startTicks < sinceTicks) continue;
    if (sessions.has(proc.session) || readEnviron(proc.pid).includes(poolMark)) family.set(proc.pid, proc);
  }
  for (const proc of procs) if (family.has(proc.parent) && proc.pid !== process.pid) family.set(proc.pid, proc);
  return [...family.values()];
};

/** Whether this very process (not another one under its recycled pid) is still alive. */
export const isSameAlive = (proc: Pick<ProcInfo, 'pid' | 'startTicks'>): boolean => {
  const now = readProc(proc.pid);
  return now !== undefined && now.startTicks === proc.startTicks && now.state !== 'Z' && now.state !== 'X';
};

/**
 * Signals a process if it is still the same one; a stopped one is continued, so that it can act on the signal, unless
 * `wake` is false.
 */
export const signalProc = (
  proc: ProcInfo,
  signal: NodeJS.Signals,
  { wake = true }: { readonly wake?: boolean } = {},
): void => {
  if (!isSameAlive(proc)) return;
  try {
    process.kill(proc.pid, signal);
    if (wake && signal !== 'SIGKILL') process.kill(proc.pid, 'SIGCONT');
  } catch {
    // Gone in between, or not ours to signal (it changed its user): whether it survives is seen by the caller.
  }
};
