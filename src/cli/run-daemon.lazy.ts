import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonClient } from '../client/daemon-client.ts';
import { EXIT, ProcctlError } from '../errors.ts';
import { jsonArray } from '../protocol/json-lines.ts';
import type { DaemonStatus } from '../protocol/rpc.ts';
import { homeExists, locateHome } from '../runtime/home.ts';
import { lockOwner } from '../runtime/home-lock.ts';
import { listIds } from '../runtime/supervise/process-directory.ts';
import { asError, countOf } from './done.ts';
import { say, tell } from './tell.ts';
import { writeStdout } from './write-stdout.ts';

export interface DaemonFlags {
  readonly json: boolean;
  readonly restore?: boolean;
  readonly keep?: boolean;
}

const LEAVE_PATIENCE_MS = 10_000;
const RETRY_MS = 10;

const home = locateHome();
const client = new DaemonClient({ home, tell: say });

const withClient = async (act: () => Promise<number>): Promise<number> => {
  try {
    return await act();
  } finally {
    client.close();
  }
};

const textOf = (status: DaemonStatus): string =>
  status.running
    ? `running: pid ${status.pid}, version ${status.version}, since ${status.startedAt}, ${status.alive} of ${status.processes} processes alive\nhome ${status.home}\nsocket ${status.socket}\n`
    : `not running; ${status.processes} processes on disk\nhome ${status.home}\n`;

const print = async (status: DaemonStatus, flags: DaemonFlags): Promise<void> => {
  await writeStdout(flags.json ? `${JSON.stringify(status)}\n` : textOf(status));
};

const offlineStatus = (): DaemonStatus => ({
  running: false,
  pid: null,
  version: null,
  home: home.path,
  socket: home.socket,
  startedAt: null,
  processes: homeExists(home) ? listIds(home.processes).length : 0,
  alive: 0,
  memoryBytes: null,
});

export const startCommand = (flags: DaemonFlags): Promise<number> =>
  withClient(async () => {
    if (!(await client.start())) say('the daemon is running already');
    if (flags.restore === true) {
      const { done } = await client.command('daemon.restore', {});
      for (const { name, pid } of done) say(`started ${name} (pid ${pid ?? '-'})`);
    }
    await print(await client.command('daemon.status', {}), flags);
    return EXIT.done;
  });

export const statusCommand = (flags: DaemonFlags): Promise<number> =>
  withClient(async () => {
    const status = (await client.ask('daemon.status', {})) ?? offlineStatus();
    await print(status, flags);
    return status.running ? EXIT.done : EXIT.failed;
  });

const SHOWN_NAMES = 8;

const someOf = (names: readonly string[]): string =>
  names.length <= SHOWN_NAMES
    ? names.join(', ')
    : `${names.slice(0, SHOWN_NAMES).join(', ')} and ${names.length - SHOWN_NAMES} more`;

/** Waits until a daemon has given up its home. */
const untilGone = async (pid: number): Promise<void> => {
  const givenUpAt = performance.now() + LEAVE_PATIENCE_MS;
  while (lockOwner(home.path)?.pid === pid) {
    if (performance.now() > givenUpAt) throw new ProcctlError('ERR_DAEMON', `the daemon (pid ${pid}) does not end`);
    await sleep(RETRY_MS);
  }
};

/** Whether the disk knows of a process that has not come to rest. */
const isAnythingUp = async (): Promise<boolean> => {
  if (!homeExists(home)) return false;
  const { selectOffline } = await import('./offline.lazy.ts');
  return selectOffline(home, ['all']).some(
    ({ status: { life } }) => life.state.tag !== 'exited' && life.state.tag !== 'failed',
  );
};

export const stopCommand = (flags: DaemonFlags): Promise<number> =>
  withClient(async () => {
    const keep = flags.keep === true;
    let status = await client.ask('daemon.status', {});
    if (status === undefined) {
      // Processes of a daemon that was killed are to end all the same: one has to be there to end them.
      if (keep || !(await isAnythingUp())) {
        say('the daemon is not running');
        if (flags.json) await writeStdout(jsonArray([]));
        return EXIT.done;
      }
      status = await client.command('daemon.status', {});
    }
    const { ended } = await client.command('daemon.stop', { keep });
    client.close();
    if (status.pid !== null) await untilGone(status.pid);
    if (flags.json) await writeStdout(jsonArray(ended));
    const fine = ended.filter(({ problem }) => problem === null);
    for (const { problem } of ended) if (problem !== null) tell(asError(problem));
    if (keep) say(`the daemon has ended; ${countOf(status.alive)} ${status.alive === 1 ? 'runs' : 'run'} on`);
    else
      say(
        fine.length === 0
          ? 'the daemon has ended; nothing was running'
          : `the daemon has ended, and with it ${someOf(fine.map(({ name }) => name))}`,
      );
    return fine.length === ended.length ? EXIT.done : EXIT.failed;
  });

export const reloadCommand = (flags: DaemonFlags): Promise<number> =>
  withClient(async () => {
    const before = await client.ask('daemon.status', {});
    if (before === undefined) say('the daemon was not running');
    else {
      await client.command('daemon.stop', { keep: true });
      client.close();
      if (before.pid !== null) await untilGone(before.pid);
    }
    const after = await client.command('daemon.status', {});
    if (before !== undefined)
      say(`version ${before.version} made way for ${after.version}; ${countOf(after.alive)} ran on`);
    await print(after, flags);
    return EXIT.done;
  });
