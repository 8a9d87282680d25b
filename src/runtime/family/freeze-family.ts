import { signalProc } from './family.ts';
import type { ProcInfo } from './proc.ts';

const FIRST_POLL_MS = 1;
const MAX_POLL_MS = 50;
/** How long a process may take to be seen stopped. */
const PATIENCE_MS = 3_000;

export interface FreezeOptions {
  /** The family as it is at this moment. */
  readonly find: () => Promise<readonly ProcInfo[]>;
  /** Whether it is still to be done: asked before each round of signals. */
  readonly isWanted: () => boolean;
}

const keyOf = ({ pid, startTicks }: ProcInfo): string => `${pid} ${startTicks}`;

/** Stopped by a signal, or by a debugger, which lets nothing run either. */
const isStopped = ({ state }: ProcInfo): boolean => state === 'T' || state === 't';

/**
 * Stops a family with SIGSTOP, and looks again until all are seen stopped and no new one appears: what is not stopped yet
 * may fork.
 *
 * @returns those that did not stop, because they belong to another user. Who is blocked in the kernel is not among them: it
 *   stops before it runs again.
 */
export const freezeFamily = async ({ find, isWanted }: FreezeOptions): Promise<readonly ProcInfo[]> => {
  const told = new Set<string>();
  const givenUpAt = performance.now() + PATIENCE_MS;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, MAX_POLL_MS)) {
    const moving = (await find()).filter((proc) => !isStopped(proc));
    if (!isWanted() || moving.length === 0) return [];
    for (const proc of moving) {
      if (told.has(keyOf(proc))) continue;
      told.add(keyOf(proc));
      signalProc(proc, 'SIGSTOP', { wake: false });
    }
    if (performance.now() > givenUpAt) return moving.filter(({ state }) => state !== 'D');
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};

/** How long a leader may take to stop what it has started, and then itself. */
const LEADER_PATIENCE_MS = 1_000;

/**
 * Asks the leader of a family, by SIGTSTP, to stop the others and then itself, and waits until it has. One that does not
 * know how to, or not yet, is not waited for any longer: it is stopped as the others are.
 */
export const askLeaderToStop = async (
  isLeader: (proc: ProcInfo) => boolean,
  { find, isWanted }: FreezeOptions,
): Promise<void> => {
  const givenUpAt = performance.now() + LEADER_PATIENCE_MS;
  let isAsked = false;
  for (let pollMs = FIRST_POLL_MS; performance.now() < givenUpAt; pollMs = Math.min(2 * pollMs, MAX_POLL_MS)) {
    const leader = (await find()).find(isLeader);
    if (!isWanted() || leader === undefined || isStopped(leader)) return;
    if (!isAsked) signalProc(leader, 'SIGTSTP', { wake: false });
    isAsked = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};

/** Has everything of a family that is stopped go on: SIGCONT, until a look finds nobody who has not got it. */
export const thawFamily = async ({ find, isWanted }: FreezeOptions): Promise<readonly ProcInfo[]> => {
  const told = new Set<string>();
  for (;;) {
    const left = (await find()).filter((proc) => isStopped(proc) && !told.has(keyOf(proc)));
    if (!isWanted() || left.length === 0) return [];
    for (const proc of left) {
      told.add(keyOf(proc));
      signalProc(proc, 'SIGCONT', { wake: false });
    }
  }
};
