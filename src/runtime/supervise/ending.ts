import { ProcctlError } from '../../errors.ts';
import type { Supervised } from './supervised.ts';

/**
 * Ends a process; done when all it has started is gone.
 *
 * @throws ProcctlError ERR_SURVIVORS, naming who could not be ended
 */
export const endProcess = async (process: Supervised, endedBy: 'stop' | 'shutdown'): Promise<void> => {
  process.dispatch({ tag: 'stop', endedBy });
  const isAtRest = (): boolean => process.life.state.tag === 'exited' || process.life.state.tag === 'failed';
  // Kept before it is acknowledged, in whatever state it is by now.
  if (endedBy === 'stop') saveOrSay(process);
  const { run } = process.life;
  // Somebody may have it started again meanwhile: then the run that was to be stopped is over.
  const isOver = (): boolean => isAtRest() || process.survivors.length > 0 || process.life.run !== run;
  await process.until(isOver);
  if (!isAtRest() && process.survivors.length > 0) {
    const who = process.survivors.map(({ pid, command }) => `${pid} (${command})`).join(', ');
    throw new ProcctlError('ERR_SURVIVORS', `${process.spec.name}: could not be ended: ${who}`, {
      hint: 'it may be blocked in the kernel, or belong to another user',
    });
  }
};

const saveOrSay = (process: Supervised): void => {
  // A full disk must not keep anybody from stopping what fills it.
  if (!process.isClosed) process.save();
};
