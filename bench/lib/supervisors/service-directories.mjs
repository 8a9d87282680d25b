// runit and s6: a directory for each service, and a program that starts all it finds there. That program is started anew
// for each start, since runsvdir looks for new directories only once in five seconds.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeProgram } from '../bell.mjs';
import { childrenOf, isAlive, until } from '../processes.mjs';
import { startServer } from './run-command.mjs';

const openServices =
  (kind) =>
  async ({ directory, program, count, graceMs }) => {
    const services = join(directory, 'services');
    const logDirectory = join(directory, 'log');
    const paths = Array.from({ length: count }, (_, index) => join(services, `w-${index}`));
    const write = () => {
      for (const path of paths) {
        mkdirSync(path, { recursive: true });
        writeProgram(path, 'run', `exec ${program}`);
        writeFileSync(join(path, 'timeout-kill'), String(graceMs)); // for s6; runit does not look at it
      }
      if (count > 1) return;
      mkdirSync(join(paths[0], 'log'));
      mkdirSync(logDirectory, { recursive: true });
      writeFileSync(join(logDirectory, 'config'), 's0\nn0\n'); // for svlogd: no rotation
      writeProgram(join(paths[0], 'log'), 'run', `exec ${kind.logger} ${logDirectory}`);
    };
    write();
    let server;
    const close = async () => {
      if (server === undefined) return;
      const supervisors = childrenOf(server.pid);
      await server.end(kind.endSignal);
      server = undefined;
      await until(() => !supervisors.some(isAlive), `the end of what ${kind.scan[0]} started`);
    };
    return {
      env: process.env,
      get daemonPid() {
        return server?.pid;
      },
      /** It stays in the foreground: there is no command that ends once all are up. */
      start: () => {
        server = startServer([...kind.scan, services]);
      },
      listCommands: kind.listCommands(paths),
      stopCommand: kind.stopCommand(paths, graceMs),
      logDirectory,
      remove: async () => {
        await close();
        rmSync(services, { recursive: true, force: true });
        write();
      },
      close,
    };
  };

/** With one service it has a logger; with several, none has. */
export const openRunit = openServices({
  scan: ['runsvdir'],
  logger: 'svlogd',
  endSignal: 'SIGHUP',
  listCommands: (paths) => ({ 'sv status': ['sv', 'status', ...paths] }),
  // It says by its exit status that it had to kill.
  stopCommand: (paths, graceMs) => [
    'sh',
    '-c',
    'sv -w "$@" || :',
    'sh',
    String(Math.ceil(graceMs / 1000)),
    'force-stop',
    ...paths,
  ],
});

/** With one service it has a logger; with several, none has. */
export const openS6 = openServices({
  scan: ['s6-svscan', '-c', '2000'],
  logger: 's6-log n20 s200000000',
  endSignal: 'SIGTERM',
  listCommands: () => ({}),
  stopCommand: (paths) => ['s6-svc', '-wD', '-d', ...paths],
});
