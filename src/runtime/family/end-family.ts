import type { TermSequence } from '../../core/pool/term-sequence.ts';
import { isSameAlive, signalProc } from './family.ts';
import type { ProcInfo } from './proc.ts';

const FIRST_POLL_MS = 5;
const MAX_POLL_MS = 100;
/** A timer that comes so late shows that the whole process was stopped. */
const GAP_MS = 2_000;

export interface FamilyEndOptions {
  /** The family as it is at this moment. */
  readonly find: () => ProcInfo[] | Promise<ProcInfo[]>;
  /** Whether no member can begin any more; until then an empty family is only a family that is yet to come. */
  readonly isOver: () => boolean;
  readonly sequence: TermSequence;
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
 * Ends a family: the signals of the sequence (each with SIGCONT), each to every member once, then SIGKILL until nobody is left.
 *
 * The family is looked up again and again, because it may go on forking; whoever was seen once is remembered by pid
 * and start time, even if it hides from the look-up later.
 *
 * Signals nobody whose pid belongs to another process by now.
 */
export const endFamily = ({ find, isOver, sequence, onKill }: FamilyEndOptions): FamilyEnd => {
  const known = new Map<string, ProcInfo>();
  const killed = new Set<string>();
  const { steps, patienceMs } = sequence;
  let step = 0;
  let stepUntil = performance.now() + (steps[0]?.waitMs ?? 0);
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
      // One step in each round, however late it is: every signal is to be sent.
      const isNext = now >= stepUntil && step < steps.length;
      if (isNext) {
        step += 1;
        stepUntil = now + (steps[step]?.waitMs ?? 0);
        pollMs = FIRST_POLL_MS;
      }
      const current = steps[step];
      if (current === undefined) {
        killedFirstAt ??= now;
        for (const [key, proc] of known) {
          if (!killed.has(key)) onKill?.(proc);
          killed.add(key);
          signalProc(proc, 'SIGKILL');
        }
        if (now - killedFirstAt > patienceMs) return [...known.values()];
        pollMs = Math.min(pollMs, 20);
      } else {
        for (const proc of isNext ? known.values() : fresh) signalProc(proc, current.signal);
      }
      const waitMs = current === undefined ? pollMs : Math.min(pollMs, Math.max(0, stepUntil - now));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      // This process was stopped, and the family with it perhaps: a grace that nobody could use does not count.
      const late = performance.now() - now - waitMs;
      if (late > GAP_MS) {
        stepUntil += late;
        if (killedFirstAt !== undefined) killedFirstAt += late;
      }
      pollMs = Math.min(pollMs * 2, MAX_POLL_MS);
    }
  };

  return {
    survivors: run(),
    now: () => {
      step = steps.length;
      wake();
    },
    poke: () => wake(),
  };
};
