import type { QuickAnswer } from '../client/quick-question.ts';
import { silentDaemon } from '../client/silent-daemon.ts';
import type { ProcessView } from '../protocol/process-view.ts';
import { homeExists, locateHome } from '../runtime/home.ts';
import { lockOwner } from '../runtime/home-lock.ts';
import { listOffline, tellOffline } from './list-offline.ts';

/**
 * All processes, when a quick question had no answer that could be used.
 *
 * @param why what came of it: `nobody` and `silent` are certain, and need not be found out again
 */
export const listOtherwise = async (
  why: Exclude<QuickAnswer['tag'], 'answered'>,
  { wide }: { readonly wide: boolean },
): Promise<readonly ProcessView[]> => {
  const home = locateHome();
  // A daemon that does not listen yet is waited for.
  const isWaitedFor = why === 'nobody' && homeExists(home) && lockOwner(home.path) !== undefined;
  if (why === 'unknown' || isWaitedFor) {
    const { listProcesses } = await import('./access.lazy.ts');
    return listProcesses({ wide });
  }
  tellOffline(why === 'nobody' ? 'the daemon is not running' : silentDaemon(home).message);
  return listOffline({ wide });
};
