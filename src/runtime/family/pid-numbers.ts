// How the kernel has given out pids: one after the other, and from the beginning again after the last.
import { readFileSync } from 'node:fs';

/** What pids have been given out up to some moment. */
export interface PidNumbers {
  /** The latest. */
  readonly last: number;
  /** How many on this machine since it was started, at least; those of other namespaces count as well. */
  readonly forks: number;
  /** No pid is greater. */
  readonly max: number;
  /** How many numbers, at most, could not be given out at that moment. */
  readonly inUse: number;
}

/** The kernel begins anew with this one. */
const FIRST_AGAIN = 300;
/** A thread may hold the numbers of a process, a group and a session that have ended. */
const NUMBERS_OF_THREAD = 3;

const numberIn = (file: string, pattern: RegExp): number =>
  Number(pattern.exec(readFileSync(`/proc/${file}`, 'utf8'))?.[1]);

/** @returns undefined where the kernel does not tell */
export const pidNumbers = (): PidNumbers | undefined => {
  try {
    const [, threads, latest] = /\/(\d+) (\d+)$/m.exec(readFileSync('/proc/loadavg', 'utf8')) ?? [];
    const last = Number(latest);
    const inUse = Number(threads) * NUMBERS_OF_THREAD + FIRST_AGAIN;
    const forks = numberIn('stat', /^processes (\d+)$/m);
    const max = numberIn('sys/kernel/pid_max', /^(\d+)$/m);
    return last > 0 && forks > 0 && max > 0 ? { last, forks, max, inUse } : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Which pids may have been given out from one moment to another. All others belong to whom they did, or to nobody.
 *
 * @returns undefined when it may be any: so many that all numbers could have been given out
 */
export const givenOutBetween = (before: PidNumbers, after: PidNumbers): ((pid: number) => boolean) | undefined => {
  const forks = after.forks - before.forks;
  // What was in use is left out, and so is what has been given out since and is in use now.
  if (forks < 0 || before.inUse + 2 * forks > after.max || before.max !== after.max) return undefined;
  const [from, to] = [before.last, after.last];
  return from <= to ? (pid) => pid > from && pid <= to : (pid) => pid > from || pid <= to;
};

/**
 * The pids that were given out from one moment to another, of those who can be there now.
 *
 * @param most beyond so many, it is not worth it
 * @returns undefined when there may be others, as in a namespace that is not the first (processes of others count as well), and
 *   after the end of the numbers
 */
export const namedBetween = (before: PidNumbers, after: PidNumbers, most: number): readonly number[] | undefined => {
  const count = after.last - before.last;
  // Who is given a number that was asked for (a restored checkpoint) counts, and the last number stays.
  const isEachKnown = after.forks - before.forks <= count && before.forks <= after.forks && before.max === after.max;
  if (!isEachKnown || count > most) return undefined;
  return Array.from({ length: count }, (_, index) => before.last + 1 + index);
};
