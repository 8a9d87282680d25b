import { ProcctlError } from '../errors.ts';
import { show } from './show.ts';
import { didYouMean } from './suggest.ts';

/** Signals by name, `SIGTERM` → 15, as in `os.constants.signals`; of two names for a number the first counts. */
export type SignalTable = Readonly<Record<string, number>>;

/**
 * Reads a signal as kill(1) does: `TERM`, `SIGTERM`, `15`, in small letters too.
 *
 * @returns `SIGTERM`; of several names the usual one (`IOT` is `SIGABRT`)
 * @throws ProcctlError ERR_USAGE when the table has no such signal; real-time signals are in none
 */
export const parseSignal = (text: string, signals: SignalTable): string => {
  const names = Object.keys(signals);
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const number = /^\d{1,3}$/.test(text) ? Number(text) : Object.hasOwn(signals, name) ? signals[name] : undefined;
  const found = names.find((known) => signals[known] === number);
  if (found !== undefined) return found;
  const meant = didYouMean(name, names)?.slice('SIG'.length);
  throw new ProcctlError(
    'ERR_USAGE',
    `expected a signal such as "TERM", got ${show(text)}${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    { hint: 'kill -l lists them' },
  );
};
