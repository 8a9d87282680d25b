import { DaemonClient } from '../client/daemon-client.ts';
import type { ProcessDetails, ProcessView } from '../protocol/process-view.ts';
import { homeExists, locateHome } from '../runtime/home.ts';
import type { LoggedProcess } from './run-logs.lazy.ts';
import { say } from './tell.ts';

// What commands that only read need: the daemon's answer, or what the disk says when none is running. They never start one.

let isTold = false;

const tellOffline = (): void => {
  if (!isTold) say('the daemon is not running; this is what the disk and the kernel say');
  isTold = true;
};

let opened: DaemonClient | undefined;

const client = (): DaemonClient => {
  opened ??= new DaemonClient({ home: locateHome(), tell: say });
  return opened;
};

/** All processes. */
export const listProcesses = async ({ wide }: { readonly wide: boolean }): Promise<readonly ProcessView[]> => {
  const answer = await client().ask('process.list', { wide });
  if (answer !== undefined) return answer.processes;
  tellOffline();
  const home = locateHome();
  if (!homeExists(home)) return [];
  const { viewOffline } = await import('./offline.lazy.ts');
  return viewOffline(home, { wide });
};

/** All that is known of some. */
export const showProcesses = async (
  names: readonly string[],
  { env }: { readonly env: boolean },
): Promise<readonly ProcessDetails[]> => {
  const answer = await client().ask('process.show', { names: [...names], env });
  if (answer !== undefined) return answer.processes;
  tellOffline();
  const { detailsOffline } = await import('./offline.lazy.ts');
  return detailsOffline(locateHome(), names, { env });
};

/** Where the logs of processes are: on the disk, whether a daemon is running or not. */
export const findLogs = async (names: readonly string[]): Promise<readonly LoggedProcess[]> => {
  const { logsOffline, selectProcesses } = await import('./offline.lazy.ts');
  const home = locateHome();
  const all = homeExists(home) ? logsOffline(home) : [];
  return names.length === 0 ? all : selectProcesses(all, names);
};
