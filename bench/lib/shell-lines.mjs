import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTasks } from './files.mjs';

const COUNT = 2000;

/** A benchmark of a line for the shell, which has to print `hi`. */
export const shellLines = (name, line, about) => ({
  title: `${COUNT} shell lines, 4 at a time: \`${line}\``,
  about,
  unit: 'tasks/s',
  amountName: 'tasks',
  isMoreBetter: true,
  valueOf: (elapsedMs, tasks) => (tasks / elapsedMs) * 1000,
  ways: ({ directory, pool }) => {
    const tasks = (count) => writeTasks(directory, name, { count, task: line, line });
    const { json, lines } = tasks(COUNT);
    const output = join(directory, `${name}.out`);
    const way = (more) => ({
      output,
      check: () => {
        const count = readFileSync(output, 'utf8').split('hi\n').length - 1;
        if (count !== more.amount) throw new Error(`${more.name}: ${count} of ${more.amount} tasks have printed`);
      },
      ...more,
    });
    return [
      way({ name: 'procctl pool', kind: 'procctl', amount: COUNT, command: pool(json) }),
      way({
        name: 'xargs -P4 sh -c',
        kind: 'peer',
        needs: 'xargs',
        amount: COUNT,
        command: ['xargs', '-P4', '-I{}', 'sh', '-c', '{}'],
        input: lines,
      }),
      way({
        name: 'GNU parallel -j4',
        kind: 'peer',
        needs: 'parallel',
        amount: 200,
        command: ['parallel', '--will-cite', '-j4'],
        input: tasks(200).lines,
      }),
    ];
  },
});
