import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hangBell, writeProgram } from '../lib/bell.mjs';
import { timedRun } from '../lib/timed-run.mjs';

export default {
  title: 'Start-up: from nothing to the first instruction of the first task',
  about: `The task is a shell script whose first instruction writes into a pipe that the bench reads. \`node -e 0\` is what any program in
Node costs, from its start to its end.`,
  unit: 'ms',
  goals: [{ text: 'at most 2 × node -e 0', way: 'procctl pool, a tasks file', against: 'node -e 0', atMost: 2 }],
  isMoreBetter: false,
  repetitions: 25,
  against: 'node -e 0',
  valueOf: (elapsedMs) => elapsedMs,
  ways: ({ directory, pool }) => {
    const program = writeProgram(directory, 'ring', `echo $$ >${join(directory, 'bell')}`);
    const file = (name, text) => {
      const path = join(directory, name);
      writeFileSync(path, text);
      return path;
    };
    const untilBell = (command, input) => async () => {
      const bell = hangBell(directory);
      const startedAt = performance.now();
      const [[ring]] = await Promise.all([bell.next(1), timedRun({ command, input })]).finally(() => bell.close());
      return { elapsedMs: ring.at - startedAt };
    };
    const tasks = file('first-task.json', JSON.stringify([[program]]));
    const line = file('first-task.txt', `${program}\n`);
    return [
      { name: 'node -e 0', kind: 'floor', command: [process.execPath, '-e', '0'] },
      { name: 'procctl pool, a tasks file', kind: 'procctl', measure: untilBell(pool('--quiet', tasks)) },
      {
        name: 'procctl pool, an argument',
        kind: 'procctl',
        measure: untilBell(pool('--quiet', '--', '{}', ':::', program)),
      },
      { name: 'xargs', kind: 'peer', needs: 'xargs', measure: untilBell(['xargs', '-n1', 'env'], line) },
      {
        name: 'GNU parallel',
        kind: 'peer',
        needs: 'parallel',
        measure: untilBell(['parallel', '--will-cite', '{}', ':::', program]),
      },
      { name: 'rush', kind: 'peer', needs: 'rush', measure: untilBell(['rush', '{}'], line) },
    ];
  },
};
