import { writeTasks } from '../lib/files.mjs';

export default {
  title: 'Start-up: from nothing to the end of one task',
  about: 'Whole commands, `/bin/true` being the task. `node -e 0` is what any program in Node costs.',
  unit: 'ms',
  isMoreBetter: false,
  repetitions: 25,
  against: 'node -e 0',
  valueOf: (elapsedMs) => elapsedMs,
  ways: ({ directory, procctl, pool }) => {
    const { json, lines } = writeTasks(directory, 'start-up', { count: 1, task: ['/bin/true'], line: '/bin/true' });
    return [
      { name: 'node -e 0', kind: 'floor', amount: 1, command: [process.execPath, '-e', '0'] },
      { name: 'procctl --version', kind: 'procctl', amount: 1, command: [process.execPath, procctl, '--version'] },
      { name: 'procctl pool, one task', kind: 'procctl', amount: 1, command: pool(json) },
      {
        name: 'procctl pool, one argument',
        kind: 'procctl',
        amount: 1,
        command: pool('--', '/bin/true', '{}', ':::', '1'),
      },
      {
        name: 'xargs, one task',
        kind: 'peer',
        needs: 'xargs',
        amount: 1,
        command: ['xargs', '-n1', '/bin/true'],
        input: lines,
      },
      {
        name: 'GNU parallel, one task',
        kind: 'peer',
        needs: 'parallel',
        amount: 1,
        command: ['parallel', '--will-cite'],
        input: lines,
      },
    ];
  },
};
