import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

/** TCP ports somebody listens on, by the inode of the socket (`/proc/net/tcp`, fields as in proc(5)). */
export const listeningPorts = (): Map<string, number> => {
  const ports = new Map<string, number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(file, 'latin1');
    } catch {
      continue;
    }
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] !== LISTEN || fields[9] === undefined) continue;
      ports.set(fields[9], Number.parseInt(fields[1]?.split(':')[1] ?? '', 16));
    }
  }
  return ports;
};

/** The ports a process listens on; none when it may not be looked at. */
export const portsOf = (pid: number, ports: ReadonlyMap<string, number>): number[] => {
  const found = new Set<number>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
      const port = inode === undefined ? undefined : ports.get(inode);
      if (port !== undefined) found.add(port);
    }
  } catch {
    // Somebody else's, or gone.
  }
  return [...found].sort((a, b) => a - b);
};

const linkOf = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
};
