import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

const MIN = -20;
const MAX = 19;

const threadsOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
};

/**
 * Changes the niceness of a process that has just been started, and has nothing but threads yet: Linux has one for each
 * thread, and what is started later takes after who starts it.
 *
 * @param nice added to that of procctl itself, as by nice(1); 0 changes nothing
 * @throws Error when it is not allowed; a process that has ended by now is no error
 */
export const addNiceness = (pid: number, nice: number): void => {
  if (nice === 0) return;
  const wanted = Math.min(MAX, Math.max(MIN, getPriority() + nice));
  // The first thread first: those that it starts after that need nothing.
  setOne(pid, wanted);
  for (const thread of threadsOf(pid)) if (thread !== pid) setOne(thread, wanted);
};

const setOne = (thread: number, nice: number): void => {
  try {
    setPriority(thread, nice);
  } catch (error) {
    if ((error as { readonly info?: { readonly code?: string } }).info?.code !== 'ESRCH') throw error;
  }
};
