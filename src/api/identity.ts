import { ProcctlError } from '../errors.ts';
import type { Identity } from '../protocol/worker-frames.ts';

// Who this process is. A worker is told before anything else of it runs; any other process is the main one.

let own: Identity | undefined;
let started = 0;
let isLoading = false;

/** For the code that a worker begins with. */
export const becomeWorker = (identity: Identity): void => {
  own = identity;
};

/** For the code that a worker begins with: whether a module is being loaded only to find a function in it. */
export const setLoading = (loading: boolean): void => {
  isLoading = loading;
};

export const ownIdentity = (): Identity | undefined => own;

/** The name of this process: `MainProcess`, or what it was given by the one that has started it. */
export const ownName = (): string => own?.name ?? 'MainProcess';

/** Numbers the next process: [1], [2], … and in Process-2: [2, 1], [2, 2], … as in Python. */
export const nextPath = (): readonly number[] => {
  started += 1;
  return [...(own?.path ?? []), started];
};

/**
 * A module that starts processes as soon as it is loaded would start them in each process that loads it to find a function
 * there, and these would do the same.
 *
 * @param what for the message: `a process is started`
 * @throws ProcctlError ERR_STATE
 */
export const assertNotLoading = (what: string): void => {
  if (!isLoading) return;
  throw new ProcctlError('ERR_STATE', `${what} while a worker loads this module to find a function in it`, {
    hint: 'put it where only the main process comes: if (parentProcess() === null) { … }, or the function into a module of its own',
  });
};
