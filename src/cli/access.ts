import { DaemonClient } from '../client/daemon-client.ts';
import { ProcctlError } from '../errors.ts';
import type { ProcessDetails, ProcessView } from '../protocol/process-view.ts';
import type { Method, ParamsOf, Results } from '../protocol/rpc.ts';
import { homeExists, locateHome } from '../runtime/home.ts';
import { listOffline, tellOffline } from './list-offline.ts';
import type { LoggedProcess } from './run-logs.lazy.ts';
import { say } from './tell.ts';

// What commands that only read need: the daemon's answer, or what the disk says when none is running, or none that answers. They
// never start one.

let opened: DaemonClient | undefined;

const client = (): DaemonClient => {
  opened ??= new DaemonClient({ home: locateHome(), tell: say });
  return opened;
};

/** @returns undefined, and says why on standard error, when the disk has to be read instead */
const ask = async <M extends Method>(method: M, params: ParamsOf<M>): Promise<Results[M] | undefined> => {
  try {
    const answer = await client().ask(method, params);
    if (answer === undefined) tellOffline('the daemon is not running');
    return answer;
  } catch (error) {
    if (!(error instanceof ProcctlError) || error.code !== 'ERR_DAEMON_SILENT') throw error;
    tellOffline(error.message);
    return undefined;
  }
};

/** All processes. */
export const listProcesses = async ({ wide }: { readonly wide: boolean }): Promise<readonly ProcessView[]> => {
  const answer = await ask('process.list', { wide });
  if (answer !== undefined) return answer.processes;
  return listOffline({ wide });
};

/** All that is known of some. */
export const showProcesses = async (
  names: readonly string[],
  { env }: { readonly env: boolean },
): Promise<readonly ProcessDetails[]> => {
  const answer = await ask('process.show', { names: [...names], env });
  if (answer !== undefined) return answer.processes;
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
