import { constants } from 'node:os';

const NAMES = new Map<number, string>(Object.entries(constants.signals).map(([name, number]) => [number, name]));
// Two names stand for one number here and there; the usual one is wanted.
NAMES.set(constants.signals.SIGABRT, 'SIGABRT');
NAMES.set(constants.signals.SIGIO, 'SIGIO');

/** The first real-time signal that a C library leaves to programs. */
const RTMIN = 34;

/** `SIGTERM` for 15, `SIGRTMIN+6` for 40: every number has a name. */
export const signalName = (signal: number): string =>
  NAMES.get(signal) ?? (signal >= RTMIN ? `SIGRTMIN${signal === RTMIN ? '' : `+${signal - RTMIN}`}` : `SIG${signal}`);

/** The number of a signal by its name, undefined when there is none. */
export const signalNumber = (name: string): number | undefined => {
  const offset = /^SIGRTMIN(?:\+(\d+))?$/.exec(name);
  if (offset !== null) return RTMIN + Number(offset[1] ?? 0);
  return (constants.signals as Record<string, number>)[name];
};
