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

interface OpenStat {
  readonly descriptor: number;
  /** What was read last, and what it says. */
  text: string;
  info: ProcInfo;
}

/** undefined when the process is no longer alive. Of one that sleeps, it says the same as before. */
const infoOf = (stat: OpenStat): ProcInfo | undefined => {
  const text = textOf(stat.descriptor);
  if (text === undefined) return undefined;
  if (text !== stat.text) {
    stat.text = text;
    stat.info = parseProc(text);
  }
  return isGone(stat.info) ? undefined : stat.info;
};

/**
 * Reads `/proc/PID/stat` of the same processes again and again, by descriptors that stay open: half the time of opening it each
 * time. A descriptor is one of the process, not of its pid: once the process has gone, nothing can be read by it, whoever has the
 * pid then. Where no more may be open, or cannot, it is opened and closed.
 */
export class OpenStats {
  readonly #most: number;
  readonly #open = new Map<number, OpenStat>();

  /** @param most descriptors that it may hold */
  constructor(most: number = Math.min(MOST, Math.floor(descriptorLimit() * SHARE))) {
    this.#most = most;
  }

  /** How many it holds. */
  get size(): number {
    return this.#open.size;
  }

  /** As `readLeader`. */
  read(pid: number): ProcInfo | undefined {
    const known = this.#open.get(pid);
    if (known !== undefined) {
      const info = infoOf(known);
      if (info !== undefined) return info;
      this.#close(pid, known);
      // Not alive any more; somebody else may have its pid.
    }
    return this.#open.size < this.#most ? this.#openFor(pid) : readLeader(pid);
  }

  #openFor(pid: number): ProcInfo | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(`/proc/${pid}/stat`, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      // There are no more descriptors: not for want of these.
      this.close();
      return readLeader(pid);
    }
    const text = textOf(descriptor);
    const info = leaderIn(text);
    if (text === undefined || info === undefined) closeSync(descriptor);
    else this.#open.set(pid, { descriptor, text, info });
    return info;
  }

  /** Lets go of all, until they are asked for again. */
  close(): void {
    for (const [pid, stat] of this.#open) this.#close(pid, stat);
  }

  #close(pid: number, { descriptor }: OpenStat): void {
    this.#open.delete(pid);
    closeSync(descriptor);
  }
}
