import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** Length of a clock tick in `/proc/PID/stat`, ms: USER_HZ is 100 on every Linux that Node runs on. */
export const TICK_MS = 10;

/** Names the time from one start of the machine to the next: pids and start times mean nothing beyond it; '' where unknown. */
export const bootId = (): string => {
  knownBootId ??= readText('/proc/sys/kernel/random/boot_id').trim();
  return knownBootId;
};

let knownBootId: string | undefined;

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

/** A process as the kernel showed it at one moment. pid and `startTicks` together name it for ever. */
export interface ProcInfo {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** R, S, D, T, Z … as in proc(5). */
  readonly state: string;
  /** When it began, in clock ticks since boot. */
  readonly startTicks: number;
  /** The program's short name, for people. */
  readonly command: string;
  /** Time on CPUs so far, user and system, in clock ticks. */
  readonly cpuTicks: number;
  readonly rssPages: number;
}

const statBuffer = Buffer.allocUnsafe(2048);

const readStat = (pid: number): string | undefined => {
  let fd: number | undefined;
  try {
    // Half the time of readFileSync, which asks for the size first, and then reads until nothing comes.
    fd = openSync(`/proc/${pid}/stat`, 'r');
    return statBuffer.toString('latin1', 0, readSync(fd, statBuffer));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};

/** Reads `/proc/PID/stat`; undefined when there is no such process (any more), or no `/proc`. */
export const readProc = (pid: number): ProcInfo | undefined => {
  const stat = readStat(pid);
  return stat === undefined ? undefined : parseProc(stat);
};

/** Reads a line of `/proc/PID/stat`. */
export const parseProc = (stat: string): ProcInfo => {
  // The name stands in parentheses and may itself hold any character: the last ')' ends it.
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ', 22);
  return {
    pid: Number.parseInt(stat, 10),
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
    command: stat.slice(stat.indexOf('(') + 1, nameEnd),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    rssPages: Number(fields[21]),
  };
};

/** The pids there are at this moment; none where there is no `/proc`. */
export const listPids = (): number[] => {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  const pids: number[] = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first >= 49 && first <= 57) pids.push(Number(name));
  }
  return pids;
};

/** As `readProc`, if it is alive: zombies are not. */
export const readLiveProc = (pid: number): ProcInfo | undefined => {
  const info = readProc(pid);
  return info === undefined || isGone(info) ? undefined : info;
};

/** As `readLiveProc`, but not of a thread: they have numbers too, and may be read by them, although `/proc` does not list them. */
export const readLeader = (pid: number): ProcInfo | undefined => leaderIn(readStat(pid));

/** @param stat a line of `/proc/PID/stat`, if there is one */
export const leaderIn = (stat: string | undefined): ProcInfo | undefined => {
  if (stat === undefined || isThread(stat)) return undefined;
  const info = parseProc(stat);
  return isGone(info) ? undefined : info;
};

/** By the signal that its parent gets at its end, as the kernel tells them apart: a thread has none. */
const isThread = (stat: string): boolean => stat.slice(stat.lastIndexOf(')') + 2).split(' ', 36)[35] === '-1';

export const isGone = ({ state }: ProcInfo): boolean => state === 'Z' || state === 'X';

/** Whether a pid has somebody: a zombie, or a thread, as well. */
export const isPidThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** All processes alive now; empty where there is no `/proc`. */
export const readAllProcs = (): ProcInfo[] => {
  const procs: ProcInfo[] = [];
  for (const pid of listPids()) {
    const info = readLiveProc(pid);
    if (info !== undefined) procs.push(info);
  }
  return procs;
};

/** The environment a process began with, as raw text; '' when it may not be read. */
export const readEnviron = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
};

/** Time since boot, ms, to a hundredth of a second; 0 where there is no `/proc`. */
export const uptimeMs = (): number => Number(readText('/proc/uptime').split(' ')[0]) * 1000;

/** Clock ticks since boot, the scale of `ProcInfo.startTicks`; 0 where there is no `/proc`. */
export const ticksNow = (): number => Math.floor(uptimeMs() / TICK_MS);

/** The first child of a process, or undefined: what a lane's shell is running at this moment. */
export const firstChild = (pid: number): number | undefined => {
  try {
    const child = Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'), 10);
    return Number.isNaN(child) ? undefined : child;
  } catch {
    return undefined;
  }
};
