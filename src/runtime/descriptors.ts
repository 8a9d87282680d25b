import { readdirSync, readFileSync } from 'node:fs';

/** Two sockets to the shell, two pipes, two more while a long task is followed; and two for a lane that was retired. */
const DESCRIPTORS_PER_LANE = 8;
/** For what comes and goes: a spawn's own pipes, spilled output, standard input of tasks, bundles being loaded. */
const RESERVE = 12;

/** How many lanes the limit on open files (`ulimit -n`) has room for: at least 1; endless where it is not known. */
export const lanesThatFit = (): number => {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    if (limit === undefined) return Number.POSITIVE_INFINITY;
    const used = readdirSync('/proc/self/fd').length;
    return Math.max(1, Math.floor((Number(limit) - used - RESERVE) / DESCRIPTORS_PER_LANE));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};
