// What Linux says of processes: who there is, whose they are, what they cost. A process that is gone costs nothing.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const MIB = 2 ** 20;

const read = (pid, file) => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
};

/** Fields of /proc/PID/stat after the name, which may hold anything: the state is the first (proc(5), field 3). */
const statOf = (pid) => {
  const text = read(pid, 'stat');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

export const allPids = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

export const isAlive = (pid) => !['', 'Z', 'X'].includes(statOf(pid)[0]);

export const childrenOf = (pid) => allPids().filter((other) => Number(statOf(other)[1]) === pid);

/** Live processes that were started with this in their environment, `NAME=value`. */
export const pidsMarked = (mark) => {
  return allPids().filter((pid) => read(pid, 'environ').split('\0').includes(mark) && isAlive(pid));
};

/** The parents of these processes, their parents, and so on, down to the bench or the machine's first process. */
export const ancestorsOf = (pids) => {
  const found = new Set();
  for (const pid of pids) {
    let parent = Number(statOf(pid)[1]);
    while (parent > 1 && parent !== process.pid && !found.has(parent)) {
      found.add(parent);
      parent = Number(statOf(parent)[1]);
    }
  }
  return [...found];
};

const sum = (pids, costOf) => pids.reduce((total, pid) => total + costOf(pid), 0);
const numberIn = (text, pattern) => Number(pattern.exec(text)?.[1] ?? 0);

/** User and system time of all, in ms. Linux counts in hundredths of a second. */
export const cpuMsOf = (pids) =>
  sum(pids, (pid) => {
    const stat = statOf(pid);
    return ((Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) * 1000) / TICKS_PER_SECOND;
  });

/** How often they have gone to sleep by themselves: each is a wake-up. All threads count. */
export const wakeUpsOf = (pids) =>
  sum(pids, (pid) => {
    let threads = [];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {}
    return sum(threads, (thread) =>
      numberIn(read(pid, `task/${thread}/status`), /^voluntary_ctxt_switches:\s+(\d+)$/m),
    );
  });

/** Resident memory, MiB; what is shared counts in full, in each of them. */
export const rssMibOf = (pids) =>
  (sum(pids, (pid) => numberIn(read(pid, 'smaps_rollup'), /^Rss:\s+(\d+) kB$/m)) * 1024) / MIB;

/** Proportional memory, MiB: what is shared is divided among those who share it. */
export const pssMibOf = (pids) =>
  (sum(pids, (pid) => numberIn(read(pid, 'smaps_rollup'), /^Pss:\s+(\d+) kB$/m)) * 1024) / MIB;

export const sleepMs = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @throws Error when it has not become true within a minute */
export const until = async (isTrue, what, intervalMs = 10) => {
  const end = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not within a minute: ${what}`);
    await sleepMs(intervalMs);
  }
};
