// One pool a journal at a time. Node has no flock(2). A lock is an empty file beside the journal whose name holds its
// owner: pid, start time and boot. So it is made with its content in one step, and what a dead process has left can be
// removed without ever hitting the lock of somebody else: no two processes have the same name.
// Who has made its lock looks for others that are alive. Of two that are there at the same moment, at least one sees the
// other, since each made its own before it looked; so no two can both go on. If both see each other, both take their
// lock back and try again after a moment of random length. One that has gone on does not look again, so it stays.
import { closeSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type Owner, self } from './owner.ts';

const TRIES = 8;
const LONGEST_PAUSE_MS = 30;

const remove = (path: string): void => {
  try {
    unlinkSync(path);
  } catch {
    // Not there any more.
  }
};

/** `.NAME.lock-PID-TICKS-BOOT` beside the journal; the beginning is common to all locks of it. */
const prefixOf = (file: string): string => `.${basename(file)}.lock-`;

const nameOf = (file: string, { pid, startTicks, bootId }: Owner): string =>
  `${prefixOf(file)}${pid}-${startTicks}-${bootId}`;

const ownerOf = (name: string, prefix: string): Owner | undefined => {
  const [, pid, startTicks, bootId = ''] = /^(\d{1,10})-(\d{1,15})-(.*)$/.exec(name.slice(prefix.length)) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), startTicks: Number(startTicks), bootId };
};

/** The owner of another lock, alive; locks of the dead are removed. */
const findOther = (file: string, me: Owner): Owner | undefined => {
  const prefix = prefixOf(file);
  let other: Owner | undefined;
  for (const name of readdirSync(dirname(file))) {
    const owner = name.startsWith(prefix) ? ownerOf(name, prefix) : undefined;
    if (owner === undefined || name === nameOf(file, me)) continue;
    if (isAlive(owner)) other ??= owner;
    else remove(join(dirname(file), name));
  }
  return other;
};

/** A lock that is held until it is released, or its process ends. */
export interface JournalLock {
  release(): void;
}

/**
 * Takes the lock of a journal for this process.
 *
 * @param file absolute, without symbolic links in it
 * @returns the lock, or who holds it
 * @throws the system's error when the directory cannot be written
 */
export const lockJournal = async (file: string): Promise<JournalLock | Owner> => {
  const me = self();
  const mine = join(dirname(file), nameOf(file, me));
  for (let tries = 1; ; tries += 1) {
    closeSync(openSync(mine, 'wx', 0o600));
    const other = findOther(file, me);
    if (other === undefined) return { release: () => remove(mine) };
    remove(mine);
    if (tries === TRIES) return other;
    await sleep(1 + Math.random() * LONGEST_PAUSE_MS);
  }
};
