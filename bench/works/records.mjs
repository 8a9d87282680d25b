import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeTasks } from '../lib/files.mjs';

const COUNT = 2000;
const FEW = 200;

export default {
  title: `What records cost: ${COUNT} × /bin/true, 4 at a time`,
  about: `The same tasks with and without a journal (a record on disk for each end) and \`--json\` (a record on standard output),
into a directory on disk. The journal and the records are counted each time.`,
  unit: 'ms/task',
  goals: [
    {
      text: 'journal and --json, at most 1.3 × without',
      way: 'procctl pool --journal --json',
      against: 'procctl pool',
      atMost: 1.3,
    },
  ],
  amountName: 'tasks',
  isMoreBetter: false,
  repetitions: 9,
  against: 'procctl pool',
  valueOf: (elapsedMs, tasks) => elapsedMs / tasks,
  ways: ({ directory, pool }) => {
    const tasks = (count) => writeTasks(directory, 'records', { count, task: ['/bin/true'], line: '/bin/true' });
    const output = join(directory, 'records.out');
    const journal = join(directory, 'records.journal');
    const countLines = (file, pattern) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => pattern.test(line)).length;
    const expectLines = (file, pattern, count) => {
      const found = countLines(file, pattern);
      if (found !== count) throw new Error(`${file}: ${found} of ${count} records`);
    };
    /** A journal is continued by the next run: each repetition begins one. */
    const checkJournal = (pattern, count) => {
      expectLines(journal, pattern, count);
      rmSync(journal);
    };
    const own = (name, flags) => ({
      name,
      kind: 'procctl',
      amount: COUNT,
      output,
      command: pool('--quiet', ...flags, tasks(COUNT).json),
      check: () => {
        if (flags.includes('--json')) expectLines(output, /"state":"succeeded"/, COUNT);
        if (flags.includes('--journal')) checkJournal(/"type":"attempt"/, COUNT);
      },
    });
    const parallel = (name, flags) => ({
      name,
      kind: 'peer',
      needs: 'parallel',
      amount: FEW,
      command: ['parallel', '--will-cite', '-j4', ...flags],
      input: tasks(FEW).lines,
      check: () => {
        if (flags.includes('--joblog')) checkJournal(/\/bin\/true/, FEW);
      },
    });
    return [
      own('procctl pool', []),
      own('procctl pool --json', ['--json']),
      own('procctl pool --journal', ['--journal', journal]),
      own('procctl pool --journal --json', ['--journal', journal, '--json']),
      parallel('GNU parallel -j4', []),
      parallel('GNU parallel -j4 --joblog', ['--joblog', journal]),
    ];
  },
};
