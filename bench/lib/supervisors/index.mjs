// What keeps processes running, procctl and its peers, behind one face, each with a directory of its own: so that a benchmark
// of supervision is written once.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { timedRun } from '../timed-run.mjs';
import { openPm2 } from './pm2.mjs';
import { openProcctl } from './procctl.mjs';
import { openRunit, openS6 } from './service-directories.mjs';
import { openSupervisord } from './supervisord.mjs';

const OPENERS = {
  procctl: openProcctl,
  pm2: openPm2,
  supervisord: openSupervisord,
  runit: openRunit,
  s6: openS6,
};

/** The names: each is also the tool that it needs. */
export const SUPERVISORS = Object.keys(OPENERS);

export const kindOf = (name) => (name === 'procctl' ? 'procctl' : 'peer');

/**
 * `open(name, { program, count, graceMs })` makes a supervisor for `count` copies of a program, none of them started:
 * `start()` asks for all (those that have a command for it: once it has ended), `startCommand` is that command, `stopCommand`
 * and `listCommands` are others, to be run in `env`; `remove()` ends all and forgets them, `close()` ends the supervisor too.
 */
export const openSupervisors = ({ directory, procctl }) => {
  const open = new Set();
  let count = 0;
  const closeOne = async (supervisor) => {
    if (open.delete(supervisor)) await supervisor.endIt();
  };
  return {
    open: async (name, options) => {
      count += 1;
      const own = join(directory, `${name}-${count}`);
      mkdirSync(own);
      const supervisor = await OPENERS[name]({ graceMs: 1000, ...options, directory: own, procctl });
      supervisor.start ??= () => timedRun({ command: supervisor.startCommand, env: supervisor.env });
      supervisor.endIt = supervisor.close;
      supervisor.close = () => closeOne(supervisor);
      open.add(supervisor);
      return supervisor;
    },
    closeAll: async () => {
      for (const supervisor of [...open]) await closeOne(supervisor);
    },
  };
};
