import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { isGone, leaderIn, type ProcInfo, parseProc, readLeader } from './proc.ts';

/** Each takes a page of the kernel's memory as well. */
const MOST = 1_024;
/** Of all descriptors that this program may have: they are there for others first. */
const SHARE = 1 / 16;

/** How many descriptors this program may have; none where it is not known. */
const descriptorLimit = (): number => {
  try {
    const [, limit] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return limit === 'unlimited' ? MOST / SHARE : Number(limit) || 0;
  } catch {
    return 0;
  }
};

const buffer = Buffer.allocUnsafe(2048);

/** undefined when the process has been waited for. */
const textOf = (descriptor: number): string | undefined => {
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0));
  } catch {
    return undefined;
  }
};

const parsed = (stat: string | undefined): ProcInfo | undefined => {
  if (stat === undefined) return undefined;
  const info = parseProc(stat);
  return isGone(info) ? undefined : info;
};

/**
 * Reads `/proc/PID/stat` of the same processes again and again, by descriptors that stay open: half the time of opening it each
 * time. A descriptor is one of the process, not of its pid: once the process has gone, nothing can be read by it, whoever has the
 * pid then. Where no more may be open, or cannot, it is opened and closed.
 */
export class OpenStats {
  readonly #most: number;
  readonly #descriptors = new Map<number, number>();

  /** @param most descriptors that it may hold */
  constructor(most: number = Math.min(MOST, Math.floor(descriptorLimit() * SHARE))) {
    this.#most = most;
  }

  /** How many it holds. */
  get size(): number {
    return this.#descriptors.size;
  }

  /** As `readLeader`. */
  read(pid: number): ProcInfo | undefined {
    const known = this.#descriptors.get(pid);
    if (known !== undefined) {
      const info = parsed(textOf(known));
      if (info !== undefined) return info;
      this.#close(pid, known);
      // Not alive any more; somebody else may have its pid.
    }
    return this.#descriptors.size < this.#most ? this.#open(pid) : readLeader(pid);
  }

  #open(pid: number): ProcInfo | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(`/proc/${pid}/stat`, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      // There are no more descriptors: not for want of these.
      this.close();
      return readLeader(pid);
    }
    const info = leaderIn(textOf(descriptor));
    if (info === undefined) closeSync(descriptor);
    else this.#descriptors.set(pid, descriptor);
    return info;
  }

  /** Lets go of all, until they are asked for again. */
  close(): void {
    for (const [pid, descriptor] of this.#descriptors) this.#close(pid, descriptor);
  }

  #close(pid: number, descriptor: number): void {
    this.#descriptors.delete(pid);
    closeSync(descriptor);
  }
}
