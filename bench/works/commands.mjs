import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeTasks } from '../lib/files.mjs';

export default {
  title: 'Start-up of every command',
  about: `Whole commands, not to a terminal. Those that ask a daemon find none, and read the disk of a home where nothing has ever run;
\`ps\` of 100 processes has a benchmark of its own. \`node -e 0\` is what any program in Node costs.`,
  unit: 'ms',
  isMoreBetter: false,
  repetitions: 15,
  against: 'node -e 0',
  valueOf: (elapsedMs) => elapsedMs,
  ways: ({ directory, procctl, pool }) => {
    const home = join(directory, 'commands-home');
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const env = { ...process.env, PROCCTL_HOME: home };
    const { json } = writeTasks(directory, 'commands', { count: 1, task: ['/bin/true'], line: '/bin/true' });
    const way = (name, ...args) => ({
      name: `procctl ${name}`,
      kind: 'procctl',
      amount: 1,
      env,
      command: [process.execPath, procctl, ...args],
    });
    return [
      { name: 'node -e 0', kind: 'floor', amount: 1, command: [process.execPath, '-e', '0'] },
      way('--version', '--version'),
      way('--help', '--help'),
      way('ps', 'ps'),
      way('ps --json', 'ps', '--json'),
      way('logs', 'logs'),
      way('events', 'events'),
      { ...way('pool, no task'), command: pool('-') },
      { ...way('pool, one task'), command: pool(json) },
      { ...way('pool, one argument'), command: pool('--', '/bin/true', '{}', ':::', '1') },
      { ...way('pool --dry-run'), command: pool('--dry-run', json) },
    ];
  },
};
