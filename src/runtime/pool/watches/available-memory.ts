import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

const inMeminfo = (): number =>
  Number(/^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1] ?? Number.NaN) * 1024;

/** The cgroups (v2) this process is in, from its own to the root of those it can see. */
const ownCgroups = (): string[] => {
  const own = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup'))?.[1];
  const mount = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(read('/proc/self/mountinfo'))?.[1];
  if (own === undefined || mount === undefined) return [];
  const paths: string[] = [];
  for (let path = own; ; path = dirname(path)) {
    paths.push(join(mount, path));
    if (path === '/') return paths;
  }
};

/** What the limit of a cgroup leaves: the page cache that was not used lately can be taken back at any time. */
const leftIn = (cgroup: string): number => {
  const limit = Number.parseInt(read(join(cgroup, 'memory.max')), 10);
  if (Number.isNaN(limit)) return Number.POSITIVE_INFINITY;
  const used = Number.parseInt(read(join(cgroup, 'memory.current')), 10) || 0;
  const cache = Number(/^inactive_file (\d+)$/m.exec(read(join(cgroup, 'memory.stat')))?.[1] ?? 0);
  return Math.max(0, limit - used + cache);
};

/** Memory that can be had without swapping, bytes: of the machine, or of the cgroup with the least left; undefined if unknown. */
export const availableMemory = (): number | undefined => {
  const bytes = Math.min(inMeminfo() || Number.POSITIVE_INFINITY, ...ownCgroups().map(leftIn));
  return Number.isFinite(bytes) ? bytes : undefined;
};
