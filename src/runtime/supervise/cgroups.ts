import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFile, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const REMOVE_ATTEMPTS = 20;
const REMOVE_RETRY_MS = 50;

/**
 * A cgroup (v2) for each process, where this user may make them: nothing leaves a cgroup by changing its session, its
 * parent or its environment. Without it, families are found by other means, which a process can evade.
 */
export class Cgroups {
  /** The directory with a cgroup for each process, named by its id. */
  readonly directory: string;
  /** By which processes are moved into the cgroup in which the daemon is. */
  readonly #own: string;
  #isMoveExpected = false;

  private constructor(directory: string) {
    this.directory = directory;
    this.#own = join(directory, '..', 'cgroup.procs');
  }

  /** @returns undefined where there is no cgroup v2, or none that may be written */
  static open(homeMark: string): Cgroups | undefined {
    try {
      const own = /^0::(\/.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
      const mount = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
      if (own === undefined || mount === undefined || /[\s\\]/.test(mount + own)) return undefined;
      // A daemon that a supervised process has started would end with it.
      const parent = own.replace(/\/procctl-[^/]+\/.*$/, '') || '/';
      if (parent !== own) writeFileSync(join(mount, parent, 'cgroup.procs'), String(process.pid));
      const directory = join(mount, parent, `procctl-${homeMark}`);
      mkdirSync(directory, { recursive: true });
      const probe = join(directory, 'probe');
      mkdirSync(probe, { recursive: true });
      readFileSync(join(probe, 'cgroup.events'), 'utf8');
      rmdirSync(probe);
      attempted(() => rmdirSync(directory), undefined); // made again with the first cgroup in it
      return new Cgroups(directory);
    } catch {
      return undefined;
    }
  }

  /** Makes the cgroup of a process, which its shim will enter soon. @returns false when it cannot be had */
  make(id: number): boolean {
    this.#expectMoves();
    return attempted(() => {
      mkdirSync(join(this.directory, String(id)), { recursive: true });
      return true;
    }, false);
  }

  /**
   * Of moves that come close together, the first has to wait for a grace period of the kernel, of some 15 ms. So the daemon
   * moves itself to where it is, once all cgroups are made, and meanwhile what the shims need is being made.
   */
  #expectMoves(): void {
    if (this.#isMoveExpected) return;
    this.#isMoveExpected = true;
    setImmediate(() => {
      writeFile(this.#own, '0', () => {
        this.#isMoveExpected = false;
      });
    });
  }

  members(id: number): Set<number> {
    const path = join(this.directory, String(id));
    try {
      return pidsBelow(path);
    } catch {
      return new Set();
    }
  }

  /** Removes the cgroup of a process that has come to rest, and with the last one the directory of all. */
  remove(id: number, attempt = 1): void {
    try {
      removeTree(join(this.directory, String(id)));
      attempted(() => rmdirSync(this.directory), undefined);
    } catch (error) {
      // The kernel may still be busy with those who have just left it.
      const isBusy = (error as NodeJS.ErrnoException).code === 'EBUSY';
      if (isBusy && attempt <= REMOVE_ATTEMPTS) setTimeout(() => this.remove(id, attempt + 1), REMOVE_RETRY_MS).unref();
    }
  }

  /** Removes what is empty. */
  close(): void {
    for (const path of [...attempted(() => childrenOf(this.directory), []), this.directory]) {
      attempted(() => rmdirSync(path), undefined);
    }
  }
}

const attempted = <T>(act: () => T, otherwise: T): T => {
  try {
    return act();
  } catch {
    return otherwise; // not there, or somebody is in it
  }
};

const childrenOf = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name));

/** A supervised process may make cgroups of its own below ours. */
const pidsBelow = (path: string): Set<number> => {
  const pids = new Set(readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number));
  for (const child of childrenOf(path)) for (const pid of pidsBelow(child)) pids.add(pid);
  return pids;
};

const removeTree = (path: string): void => {
  for (const child of childrenOf(path)) removeTree(child);
  rmdirSync(path);
};
