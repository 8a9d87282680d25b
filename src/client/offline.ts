// What the disk says of the processes of a home, without a daemon; nothing is changed.
import type { ProcessDetails, ProcessView } from '../protocol/process-view.ts';
import { selectProcesses } from '../protocol/select.ts';
import type { Home } from '../runtime/home.ts';
import { detailsOf } from '../runtime/supervise/details.ts';
import { observableOnDisk } from '../runtime/supervise/observable-on-disk.ts';
import { listIds, ProcessDirectory, type StoredProcess } from '../runtime/supervise/process-directory.ts';
import { Snapshot } from '../runtime/supervise/snapshot.ts';
import { viewProcesses } from '../runtime/supervise/views.ts';

interface OnDisk extends StoredProcess {
  readonly id: number;
  readonly name: string;
  readonly group: string;
  /** Of its logs. */
  readonly directory: string;
}

const readAll = (home: Home): OnDisk[] =>
  listIds(home.processes).flatMap((id) => {
    const directory = new ProcessDirectory(home.processes, id);
    const stored = directory.read();
    if (stored === undefined) return [];
    const { name, group } = stored.spec;
    return { id, name, group, directory: directory.logs, ...stored };
  });

/** The view of `ps`. */
export const viewOffline = (home: Home, { wide }: { readonly wide: boolean }): Promise<ProcessView[]> => {
  const snapshot = new Snapshot('');
  const observed = readAll(home).map((stored) => observableOnDisk(stored, snapshot));
  return viewProcesses(observed, { wide, memory: new Map() });
};

/** @throws ProcctlError ERR_NO_PROCESS */
export const detailsOffline = async (
  home: Home,
  names: readonly string[],
  { env }: { readonly env: boolean },
): Promise<ProcessDetails[]> => {
  const snapshot = new Snapshot('');
  const chosen = selectProcesses(readAll(home), names);
  const observed = chosen.map((stored) => observableOnDisk(stored, snapshot));
  const views = await viewProcesses(observed, { wide: true, memory: new Map() });
  return chosen.flatMap(({ spec, status, id }, index) => {
    const view = views[index];
    const directory = new ProcessDirectory(home.processes, id);
    return view === undefined
      ? []
      : detailsOf({ spec, life: status.life, directory }, view, observed[index]?.tree ?? [], { env });
  });
};

/** Those that words mean. @throws ProcctlError ERR_NO_PROCESS */
export const selectOffline = (home: Home, names: readonly string[]): OnDisk[] => selectProcesses(readAll(home), names);

/** Where the logs of all processes are. */
export const logsOffline = (home: Home): { id: number; name: string; group: string; directory: string }[] =>
  readAll(home).map(({ id, name, group, directory }) => ({ id, name, group, directory }));
