import { ProcctlError } from '../errors.ts';
import type { Home } from '../runtime/home.ts';
import { lockOwner } from '../runtime/home-lock.ts';
import { ANSWER_PATIENCE_MS } from './patience.ts';

/** What is said of a daemon that has not answered for that long. */
export const silentDaemon = (home: Home): ProcctlError => {
  const pid = lockOwner(home.path)?.pid;
  const seconds = ANSWER_PATIENCE_MS / 1000;
  return new ProcctlError(
    'ERR_DAEMON_SILENT',
    `the daemon (pid ${pid ?? 'unknown'}) has not answered for ${seconds} seconds`,
    {
      hint: `is it stopped? kill -CONT ${pid ?? 'PID'}; it can be killed, too, without harm to what it runs`,
    },
  );
};
