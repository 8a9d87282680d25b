import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShownState } from '../../protocol/process-view.ts';
import type { ProcInfo } from '../family/proc.ts';

/** Long enough for the kernel to account a running process at least once (a tick is 1 to 10 ms). */
const SECOND_LOOK_MS = 12;

export interface Scheduling {
  /** Time on a CPU, and queued for one, ns. */
  readonly onCpuNs: number;
  readonly queuedNs: number;
}

/** Reads `/proc/PID/schedstat`; undefined where the kernel has none. */
export const readScheduling = (pid: number): Scheduling | undefined => {
  try {
    const [onCpuNs, queuedNs] = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ').map(Number);
    return onCpuNs === undefined || queuedNs === undefined ? undefined : { onCpuNs, queuedNs };
  } catch {
    return undefined;
  }
};

export interface ObservedState {
  readonly state: Extract<ShownState, 'running' | 'ready' | 'waiting'>;
  readonly reason: string | null;
}

const waiting = (reason: string): ObservedState => ({ state: 'waiting', reason });

const WAITING: Readonly<Record<string, ObservedState>> = {
  S: waiting('sleep'),
  D: waiting('disk'),
  T: waiting('stopped'),
  t: waiting('traced'),
  I: waiting('idle'),
};

const RUNNING: ObservedState = { state: 'running', reason: null };

/**
 * Which of the textbook's states live processes are in: `waiting` when the kernel has them asleep, with the reason;
 * `running` on a CPU; `ready` queued for one. The kernel calls the last two by one letter, so these are looked at twice: what
 * got time on a CPU in between is running.
 */
export const observeStates = async (procs: readonly ProcInfo[]): Promise<Map<number, ObservedState>> => {
  const states = new Map<number, ObservedState>();
  const runnable = new Map<number, number>();
  for (const { pid, state } of procs) {
    states.set(pid, WAITING[state] ?? RUNNING);
    const before = state === 'R' ? readScheduling(pid) : undefined;
    if (before !== undefined) runnable.set(pid, before.onCpuNs);
  }
  if (runnable.size === 0) return states;
  await sleep(SECOND_LOOK_MS);
  for (const [pid, before] of runnable) {
    const after = readScheduling(pid);
    if (after !== undefined && after.onCpuNs === before) states.set(pid, { state: 'ready', reason: null });
  }
  return states;
};
