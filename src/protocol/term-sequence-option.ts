import { KILL_PATIENCE_MS, type TermSequence, type TermStep } from '../core/pool/term-sequence.ts';
import { ProcctlError } from '../errors.ts';
import { parseDuration } from './duration.ts';
import { show } from './show.ts';
import { parseSignal, type SignalTable } from './signal-name.ts';

const usage = (message: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', message, { hint: 'write SIGNAL,TIME,…,KILL, such as TERM,200ms,TERM,100ms,KILL' });

/** A bare number is ms here, as with GNU parallel. */
const parseWait = (text: string): number => parseDuration(/^\d+$/.test(text) ? `${text}ms` : text);

/**
 * Reads `TERM,200ms,TERM,100ms,KILL`: signals, each but KILL followed by how long it has to act. KILL is the last, whether it
 * is written or not. A time after it is how long somebody may outlive it, if it is longer than usual.
 *
 * @throws ProcctlError ERR_USAGE or ERR_DURATION
 */
export const parseTermSequence = (text: string, signals: SignalTable): TermSequence => {
  const words = text.split(',');
  const steps: TermStep[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const word = words[at] as string;
    const signal = parseSignal(word, signals) as NodeJS.Signals;
    const wait = words[at + 1];
    if (signal === 'SIGKILL') {
      if (at + 2 < words.length) throw usage(`nothing can follow KILL, got ${show(words.slice(at + 2).join(','))}`);
      return { steps, patienceMs: Math.max(KILL_PATIENCE_MS, wait === undefined ? 0 : parseWait(wait)) };
    }
    if (wait === undefined) throw usage(`expected a time after ${show(word)}`);
    steps.push({ signal, waitMs: parseWait(wait) });
  }
  return { steps, patienceMs: KILL_PATIENCE_MS };
};
