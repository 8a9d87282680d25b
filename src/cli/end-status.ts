import { EXIT, exitStatusOfSignal } from '../errors.ts';
import type { Waited } from '../protocol/rpc.ts';
import { signalNumber } from '../runtime/signals.ts';

/** The exit status that stands for how a process ended: its own, or 128 + n; 1 when nobody knows, for that is no success. */
export const statusOfEnd = ({ exitCode, signal }: Pick<Waited, 'exitCode' | 'signal'>): number => {
  if (exitCode !== null) return exitCode;
  const number = signal === null ? undefined : signalNumber(signal);
  return number === undefined ? EXIT.failed : exitStatusOfSignal(number);
};
