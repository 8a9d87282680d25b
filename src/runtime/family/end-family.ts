import { isSameAlive, signalProc } from './family.ts';
import type { ProcInfo } from './proc.ts';

const FIRST_POLL_MS = 5;
const MAX_POLL_MS = 100;
/** How long a process may outlive SIGKILL before it is called a survivor (uninterruptible sleep, or not ours). */
const KILL_PATIENCE_MS = 2_000;

export interface FamilyEndOptions {
  /** The family as it is at this moment. */
  readonly find: () => ProcInfo[] | Promise<ProcInfo[]>;
  /** Whether no member can begin any more; until then an empty family is only a family that is yet to come. */
  readonly isOver: () => boolean;
  /** From the first signal to SIGKILL; 0 is SIGKILL at once. */
  readonly graceMs: number;
  /** The first signal; SIGTERM by default. */
  readonly signal?: NodeJS.Signals;
  /** Told once of each member that has to be killed. */
  readonly onKill?: (proc: ProcInfo) => void;
}

/** The end of a family under way; `now` cuts the grace short. */
export interface FamilyEnd {
  /** The processes that outlived SIGKILL: empty, as a rule. */
  readonly survivors: Promise<readonly ProcInfo[]>;
  /** SIGKILL from here on. */
  now(): void;
  /** Something has changed: look at once. */
  poke(): void;
}

/**
 * Ends a family: SIGTERM, or another signal (and SIGCONT), to each member once, a grace, then SIGKILL until nobody is left.
 *
 * The family is looked up again and again, because it may go on forking; whoever was seen once is remembered by pid
 * and start time, even if it hides from the look-up later.
 *
 * Ends nobody twice by the first signal, and nobody whose pid belongs to another process by now.
 */
export const endFamily = ({ find, isOver, graceMs, signal = 'SIGTERM', onKill }: FamilyEndOptions): FamilyEnd => {
  const known = new Map<string, ProcInfo>();
  const killed = new Set<string>();
  let killAt = performance.now() + graceMs;
  let wake = (): void => {};

  const members = async (): Promise<ProcInfo[]> => {
    const fresh: ProcInfo[] = [];
    for (const proc of await find()) {
      const key = `${proc.pid} ${proc.startTicks}`;
      if (known.has(key)) continue;
      known.set(key, proc);
      fresh.push(proc);
    }
    for (const [key, proc] of known) if (!isSameAlive(proc)) known.delete(key);
    return fresh;
  };

  const run = async (): Promise<readonly ProcInfo[]> => {
    let pollMs = FIRST_POLL_MS;
    let killedFirstAt: number | undefined;
    for (;;) {
      const fresh = await members();
      const now = performance.now();
      if (known.size === 0 && isOver()) return [];
      if (now >= killAt) {
        killedFirstAt ??= now;
        for (const [key, proc] of known) {
          if (!killed.has(key)) onKill?.(proc);
          killed.add(key);
          signalProc(proc, 'SIGKILL');
        }
        if (now - killedFirstAt > KILL_PATIENCE_MS) return [...known.values()];
        pollMs = Math.min(pollMs, 20);
      } else {
        for (const proc of fresh) signalProc(proc, signal);
      }
      const waitMs = now < killAt ? Math.min(pollMs, killAt - now) : pollMs;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      pollMs = Math.min(pollMs * 2, MAX_POLL_MS);
    }
  };

  return {
    survivors: run(),
    now: () => {
      killAt = performance.now();
      wake();
    },
    poke: () => wake(),
  };
};
