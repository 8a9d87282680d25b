import { availableParallelism } from 'node:os';
import { ownIdentity, ownName } from './identity.ts';

/** A process as it is seen from inside, or from one it has started. */
export interface ProcessInfo {
  readonly name: string;
  readonly pid: number;
}

/** The process this runs in. */
export const currentProcess = (): ProcessInfo & { readonly daemon: boolean } => ({
  name: ownName(),
  pid: process.pid,
  daemon: ownIdentity()?.daemon ?? false,
});

/** The process that has started this one by the library; null in the main process. */
export const parentProcess = (): (ProcessInfo & { isAlive(): boolean }) | null => {
  const parent = ownIdentity()?.parent;
  if (parent === undefined) return null;
  // Whoever has lost its parent has got another one.
  return { ...parent, isAlive: () => process.ppid === parent.pid };
};

/** CPUs that this process may use. */
export const cpuCount = (): number => availableParallelism();
