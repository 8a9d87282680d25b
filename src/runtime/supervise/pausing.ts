import { ProcctlError } from '../../errors.ts';
import { monotonicMs } from '../clock.ts';
import type { Supervised } from './supervised.ts';

/**
 * Stops everything of a process where it stands, or holds the restart it waits for; done when all is stopped, and that is
 * on the disk.
 *
 * @throws ProcctlError ERR_ENDED when there is nothing to pause, ERR_PAUSE naming who could not be stopped
 */
export const pauseProcess = async (process: Supervised): Promise<void> => {
  // What is on its way to another run, or to wait for one, is there soon.
  const isOnItsWay = (): boolean => {
    const { state } = process.life;
    return state.tag === 'ready' || (state.tag === 'stopping' && state.next.do !== 'rest');
  };
  await process.until(() => !isOnItsWay());
  process.dispatch({ tag: 'pause' });
  if (!process.isPaused) throw notUp(process);
  process.save({ sync: true });
  const left = await process.frozen();
  if (!process.isPaused) throw notUp(process);
  if (left.length === 0) return;
  const who = left.map(({ pid, command }) => `${pid} (${command})`).join(', ');
  throw new ProcctlError('ERR_PAUSE', `${process.spec.name}: could not be stopped: ${who}`, {
    hint: 'it may belong to another user',
  });
};

/**
 * Has everything of a process go on, or its restart come; of one that is not paused, what else has stopped it is undone.
 *
 * @throws ProcctlError ERR_ENDED when there is nothing to resume
 */
export const resumeProcess = async (process: Supervised): Promise<void> => {
  process.dispatch({ tag: 'resume', atMs: monotonicMs() });
  if (process.isAtRest || process.life.state.tag === 'stopping') throw notUp(process);
  await process.thawed();
  if (!process.isClosed) process.save({ sync: true });
};

const notUp = ({ spec: { name }, life }: Supervised): ProcctlError =>
  new ProcctlError('ERR_ENDED', `${name} is ${life.state.tag === 'stopping' ? 'being ended' : 'not running'}`);
