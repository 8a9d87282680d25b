import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pm2Program } from '../tools.mjs';
import { runCommand } from './run-command.mjs';

/** pm2 in fork mode, with a PM2_HOME of its own; its daemon runs. */
export const openPm2 = async ({ directory, program, count, graceMs }) => {
  const env = { ...process.env, PM2_HOME: join(directory, 'home'), PM2_DISCRETE_MODE: 'true' };
  const command = (...args) => [process.execPath, pm2Program, ...args];
  const run = (...args) => runCommand(command(...args), env);
  const logDirectory = join(directory, 'log');
  mkdirSync(logDirectory);
  const app = {
    name: 'w',
    script: program,
    interpreter: 'none',
    exec_mode: 'fork',
    instances: count,
    max_restarts: 1_000_000,
    kill_timeout: graceMs,
    merge_logs: true,
    out_file: join(logDirectory, 'out'),
    error_file: '/dev/null',
  };
  const file = join(directory, 'pm2.json');
  writeFileSync(file, JSON.stringify({ apps: [app] }));
  await run('ping');
  const daemonPid = Number(await runCommand(['cat', join(env.PM2_HOME, 'pm2.pid')]));
  return {
    env,
    daemonPid,
    startCommand: command('start', file),
    listCommands: { 'pm2 jlist': command('jlist'), 'pm2 list': command('list') },
    stopCommand: command('stop', 'w'),
    logDirectory,
    remove: () => run('delete', 'w'),
    close: () => run('kill'),
  };
};
