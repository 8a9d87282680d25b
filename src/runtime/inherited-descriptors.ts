import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** In the flags of `/proc/self/fdinfo/N`: the descriptor is not passed on to programs. */
const O_CLOEXEC = 0o2000000;

/**
 * Closes what this process was handed over besides standard input, output and error: a lock, a pipe of the shell that
 * happened to start it. Node opens its own descriptors so that they are not passed on; what is, came from outside.
 *
 * @param kept descriptors that are expected
 */
export const closeInherited = (kept: readonly number[]): void => {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return; // no /proc
  }
  for (const name of names) {
    const fd = Number(name);
    if (fd <= 2 || kept.includes(fd)) continue;
    try {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0) closeSync(fd);
    } catch {
      // It was the one that the directory was read by.
    }
  }
};
