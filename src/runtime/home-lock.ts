// One daemon a home. Node has no flock(2), and a pid file that is removed when stale can be removed twice: the second
// time it is the new owner's. So locks are numbered. A lock is a symbolic link `lock.N` whose target names its owner
// by pid, start time and boot; making it is atomic, carries its content with it, and needs no room on the disk.
// Whoever finds the highest N owned by a dead process tries to make N+1; only one can. Lower numbers are removed by the
// owner of a higher one, and the highest never, so a number is never used twice.
import { readdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, readProc } from './family/proc.ts';

export interface LockOwner {
  readonly pid: number;
  readonly startTicks: number;
}

const PREFIX = 'lock.';

/** Whatever else has such a name is not ours, and cannot be counted on from. */
const LOCK = /^lock\.([1-9]\d{0,14})$/;

const highest = (directory: string): number =>
  readdirSync(directory).reduce((max, name) => Math.max(max, Number(LOCK.exec(name)?.[1] ?? 0)), 0);

const liveOwner = (directory: string, number: number): LockOwner | undefined => {
  let target: string;
  try {
    target = readlinkSync(join(directory, `${PREFIX}${number}`));
  } catch {
    return undefined;
  }
  const [pid, startTicks, boot] = target.split('.');
  if (boot !== bootId()) return undefined;
  const proc = readProc(Number(pid));
  const isAlive =
    proc !== undefined && String(proc.startTicks) === startTicks && proc.state !== 'Z' && proc.state !== 'X';
  return isAlive ? { pid: proc.pid, startTicks: proc.startTicks } : undefined;
};

/** Who holds the lock at this moment; undefined: nobody. */
export const lockOwner = (directory: string): LockOwner | undefined => {
  try {
    const number = highest(directory);
    return number === 0 ? undefined : liveOwner(directory, number);
  } catch {
    return undefined;
  }
};

/**
 * Takes the lock for this process, for as long as it lives; there is nothing to release.
 *
 * @returns undefined when it is ours, else its owner
 * @throws the system's error when the directory cannot be written
 */
export const takeLock = (directory: string): LockOwner | undefined => {
  const me = readProc(process.pid);
  const target = `${process.pid}.${me?.startTicks ?? 0}.${bootId()}`;
  for (;;) {
    const last = highest(directory);
    const owner = last === 0 ? undefined : liveOwner(directory, last);
    if (owner !== undefined) return owner.pid === process.pid ? undefined : owner;
    const mine = join(directory, `${PREFIX}${last + 1}`);
    try {
      symlinkSync(target, mine);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    // Somebody who looked long ago may have made a number that is no longer the highest.
    if (highest(directory) !== last + 1) {
      remove(mine);
      continue;
    }
    for (let number = last; number > 0 && number > last - 10; number -= 1)
      remove(join(directory, `${PREFIX}${number}`));
    return undefined;
  }
};

const remove = (path: string): void => {
  try {
    unlinkSync(path);
  } catch {
    // Not there any more.
  }
};
