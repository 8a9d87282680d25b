import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A live process that carries the mark of a home. */
export interface Marked {
  readonly pid: number;
  readonly session: number;
  /** Clock ticks since boot: with the pid, it names the process. */
  readonly startTicks: number;
  /** PROCCTL_NAME. */
  readonly name: string;
  readonly id: number;
  readonly run: number;
}

/** A live shim, or the launcher, which has no id. */
export interface Shim {
  readonly pid: number;
  readonly id: number | undefined;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

const pids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/** pid, session and start time of a live process; undefined for a zombie, or nobody. */
export const identify = (pid: number): Pick<Marked, 'pid' | 'session' | 'startTicks'> | undefined => {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, session: Number(fields[3]), startTicks: Number(fields[19]) };
};

/** Everything alive that a daemon of this home has started, by the mark in its environment. */
export const markedProcesses = (home: string): Marked[] => {
  const homeMark = read(join(home, 'mark')).trim();
  if (homeMark === '') return [];
  const pattern = new RegExp(`(?:^|\0)PROCCTL_MARK=[^\0]*/${homeMark}\\.(\\d+)\\.(\\d+)/`);
  return pids().flatMap((pid) => {
    const environ = read(`/proc/${pid}/environ`);
    const mark = pattern.exec(environ);
    const name = /(?:^|\0)PROCCTL_NAME=([^\0]*)/.exec(environ)?.[1];
    const who = mark === null ? undefined : identify(pid);
    if (mark === null || name === undefined || who === undefined) return [];
    return [{ ...who, name, id: Number(mark[1]), run: Number(mark[2]) }];
  });
};

/** The pids of everything alive in a session: also of programs that write over their environment, as nginx and redis do. */
export const pidsInSession = (session: number): number[] => pids().filter((pid) => identify(pid)?.session === session);

/** The live shims of a home, and its launchers. A shim stands in the directory of its process. */
export const shimsOf = (home: string): Shim[] =>
  pids().flatMap((pid) => {
    if (!read(`/proc/${pid}/cmdline`).endsWith('\0procctl-shim\0')) return [];
    let cwd: string;
    try {
      cwd = readlinkSync(`/proc/${pid}/cwd`);
    } catch {
      return [];
    }
    const below = cwd.startsWith(`${home}/processes`) ? cwd.slice(`${home}/processes`.length) : undefined;
    if (below === undefined) return [];
    const id = Number(/^\/(?:\.gone-)?(\d+)/.exec(below)?.[1]);
    return [{ pid, id: Number.isInteger(id) ? id : undefined }];
  });
