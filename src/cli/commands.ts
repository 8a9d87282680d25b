import type { Command } from 'commander';
import { selectProcesses } from '../protocol/select.ts';
import { findLogs, listProcesses, showProcesses } from './access.ts';
import { daemonCommand } from './daemon.ts';
import { eventsCommand } from './events.ts';
import { lifeCommands } from './life.ts';
import { logsCommand } from './logs.ts';
import { poolCommand } from './pool/command.ts';
import { psCommand } from './ps.ts';
import { queueDemoCommand } from './queue-demo.ts';
import { showCommand } from './show.ts';
import { spawnCommand } from './spawn.ts';
import { workerCommand } from './worker.ts';

type SetStatus = (status: number) => void;

const spawn = (setStatus: SetStatus): Command =>
  spawnCommand(setStatus, async (request, flags) => (await import('./run-spawn.lazy.ts')).runSpawn(request, flags));

const ps = (setStatus: SetStatus): Command =>
  psCommand(setStatus, { fetch: listProcesses, select: selectProcesses, now: Date.now });

const show = (setStatus: SetStatus): Command => showCommand(setStatus, { fetch: showProcesses, now: Date.now });

const logs = (setStatus: SetStatus): Command => logsCommand(setStatus, { select: findLogs });

/** All commands, in the order of the help; the exit status goes to `setStatus`. */
export const allCommands = (setStatus: SetStatus): Command[] => [
  spawn(setStatus),
  ps(setStatus),
  ...lifeCommands(setStatus),
  show(setStatus),
  logs(setStatus),
  eventsCommand(setStatus),
  poolCommand(setStatus),
  workerCommand(setStatus),
  queueDemoCommand(setStatus),
  daemonCommand(setStatus),
];

const MAKERS: Readonly<Record<string, (setStatus: SetStatus) => Command>> = {
  spawn,
  ps,
  show,
  logs,
  events: eventsCommand,
  pool: poolCommand,
  worker: workerCommand,
  'queue-demo': queueDemoCommand,
  daemon: daemonCommand,
};

/** The command of that name, made without the others; undefined when there is none. */
export const commandNamed = (name: string, setStatus: SetStatus): Command | undefined =>
  Object.hasOwn(MAKERS, name)
    ? MAKERS[name]?.(setStatus)
    : lifeCommands(setStatus).find((command) => command.name() === name);
