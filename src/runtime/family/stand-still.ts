import { signalProc } from './family.ts';
import type { ProcInfo } from './proc.ts';

/** Who cannot be stopped for so long (it waits for a disk, or belongs to somebody else) is left as it is. */
const PATIENCE_MS = 500;
const POLL_MS = 1;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

const keyOf = ({ pid, startTicks }: ProcInfo): string => `${pid} ${startTicks}`;

/** Stopped by a signal, or by a debugger, which lets nothing run either. */
const isStopped = ({ state }: ProcInfo): boolean => state === 'T' || state === 't';

/**
 * Stops a family by SIGSTOP, and looks again until all are seen stopped and no new one appears: what is not stopped yet may
 * fork. Nothing else happens in this process meanwhile, so nothing is started either.
 *
 * @param find the family as it is at this moment
 * @returns who was stopped before, by somebody else
 */
export const stopFamily = (find: () => readonly ProcInfo[]): ReadonlySet<string> => {
  const until = performance.now() + PATIENCE_MS;
  let family = find();
  const before = new Set(family.filter(isStopped).map(keyOf));
  for (;;) {
    const moving = family.filter((proc) => !isStopped(proc));
    if (moving.length === 0 || performance.now() > until) return before;
    for (const proc of moving) signalProc(proc, 'SIGSTOP', { wake: false });
    Atomics.wait(sleeper, 0, 0, POLL_MS);
    family = find();
  }
};

/** Has a family go on that `stopFamily` has stopped, but for those who were stopped `before`. */
export const continueFamily = (find: () => readonly ProcInfo[], before: ReadonlySet<string>): void => {
  for (const proc of find()) {
    // One whose SIGSTOP has come late is not seen stopped yet.
    if (!before.has(keyOf(proc))) signalProc(proc, 'SIGCONT', { wake: false });
  }
};
