// The daemon. It can be killed at any instant: what it knows is on disk, and whoever comes next goes on from there.
import { closeSync, lstatSync, watch, writeSync } from 'node:fs';
import { ProcctlError } from '../errors.ts';
import { locateHome, openHome } from '../runtime/home.ts';
import { takeLock } from '../runtime/home-lock.ts';
import { IdleCollector } from '../runtime/idle-collector.ts';
import { closeInherited } from '../runtime/inherited-descriptors.ts';
import { Supervisor } from '../runtime/supervise/supervisor.ts';
import { DaemonFacts } from './facts.ts';
import { type Handlers, makeHandlers } from './handlers.ts';
import type { Request } from './parse-request.ts';
import { RpcServer } from './server.ts';

declare const PROCCTL_VERSION: string;

/** Where whoever started the daemon waits for a word: `ready`, `busy PID`, or `failed CODE MESSAGE`. */
const REPORT_FD = 3;

const report = (word: string): void => {
  try {
    writeSync(REPORT_FD, `${word}\n`);
    closeSync(REPORT_FD);
  } catch {
    // Started by hand: nobody waits.
  }
};

const say = (text: string): void => {
  try {
    writeSync(2, `${new Date().toISOString()} ${text}\n`);
  } catch {
    // The disk with the daemon's log is full.
  }
};

const answerOf =
  (handlers: Handlers) =>
  (request: Request, context: { readonly signal: AbortSignal }): Promise<unknown> => {
    const handler = handlers[request.method] as (params: unknown, context: unknown) => Promise<unknown>;
    return handler(request.params, context);
  };

const main = async (): Promise<void> => {
  closeInherited([REPORT_FD]);
  const home = locateHome();
  openHome(home);
  const owner = takeLock(home.path);
  if (owner !== undefined) {
    report(`busy ${owner.pid}`);
    return;
  }
  const supervisor = await Supervisor.open(home, say);
  const collector = new IdleCollector();
  collector.note();
  const facts = new DaemonFacts(home, PROCCTL_VERSION);
  let isLeaving = false;
  const leave = (): void => {
    if (isLeaving) return;
    isLeaving = true;
    void server.close().then(() => {
      supervisor.letGo();
      say('stopped');
      process.exit(0);
    });
  };
  const server = new RpcServer(answerOf(makeHandlers({ supervisor, facts, leave })), () => collector.note());
  await server.listen(home.socket);
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  process.on('SIGHUP', () => {});
  leaveWithHome(home.path, home.socket, leave);
  say(`started, version ${PROCCTL_VERSION}, pid ${process.pid}`);
  report('ready');
};

/** A home that was removed takes its daemon along: nobody could reach it any more. */
const leaveWithHome = (path: string, socket: string, leave: () => void): void => {
  const isThere = (): boolean => {
    try {
      lstatSync(path);
      lstatSync(socket);
      return true;
    } catch {
      return false;
    }
  };
  try {
    watch(path, { persistent: false }, () => {
      if (!isThere()) leave();
    }).on('error', leave);
  } catch {
    // No inotify watch to be had.
  }
};

process.on('uncaughtException', (error) => {
  say(`internal error: ${error.stack ?? String(error)}`);
  process.exit(125);
});

main().catch((error: unknown) => {
  const known = error instanceof ProcctlError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const hint = known?.hint === undefined ? '' : ` (${known.hint})`;
  say(`cannot start: ${message}${hint}`);
  report(`failed ${known?.code ?? 'ERR_DAEMON'} ${(message + hint).replaceAll('\n', ' ')}`);
  process.exit(125);
});
