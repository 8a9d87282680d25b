import { bootId, readProc } from '../family/proc.ts';

/** A process, named for ever: a pid alone is given to another one some day. */
export interface Owner {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
}

export const self = (): Owner => ({
  pid: process.pid,
  startTicks: readProc(process.pid)?.startTicks ?? 0,
  bootId: bootId(),
});

/** Whether that very process is alive, on this machine since its last start. */
export const isAlive = ({ pid, startTicks, bootId: boot }: Owner): boolean => {
  if (boot !== bootId()) return false;
  const proc = readProc(pid);
  return proc !== undefined && proc.startTicks === startTicks && proc.state !== 'Z' && proc.state !== 'X';
};
