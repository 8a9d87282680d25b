import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

/** procctl with a home of its own; the daemon runs. */
export const openProcctl = async ({ procctl, directory, program, count, graceMs }) => {
  const env = { ...process.env, PROCCTL_HOME: join(directory, 'home') };
  const command = (...args) => [process.execPath, procctl, ...args];
  const run = (...args) => runCommand(command(...args), env);
  await run('daemon', 'start');
  const { pid } = JSON.parse(await run('daemon', 'status', '--json'));
  const policy = ['--restart', 'always', '--max-restarts', 'unlimited', '--backoff', '0', '--log-max-size', '1G'];
  const grace = ['--stop-timeout', `${graceMs}ms`];
  const spawnCommand = (...what) => command('spawn', '-i', String(count), '--name', 'w', ...policy, ...grace, ...what);
  return {
    env,
    daemonPid: pid,
    spawnCommand,
    startCommand: spawnCommand(program),
    listCommands: { 'procctl ps': command('ps') },
    stopCommand: command('stop', 'all'),
    logDirectory: join(env.PROCCTL_HOME, 'processes', '1', 'log'),
    remove: () => run('rm', '--now', 'all'),
    close: () => run('daemon', 'stop'),
  };
};
