import { writeNumbers } from '../lib/lines.mjs';

const COUNT = 2000;
const FEW = 200;
const numbers = (count) => Array.from({ length: count }, (_, index) => String(index + 1));

export default {
  title: `Templates: ${COUNT} arguments on the command line, \`/bin/true {}\`, 4 at a time`,
  about: `xargs and rush read the same from a file: they take none on the command line. Tasks from a file, for comparison, are the work \`argv\`.`,
  unit: 'tasks/s',
  amountName: 'tasks',
  isMoreBetter: true,
  against: 'xargs -P4',
  valueOf: (elapsedMs, tasks) => (tasks / elapsedMs) * 1000,
  ways: ({ directory, pool }) => {
    const input = writeNumbers(directory, COUNT);
    return [
      {
        name: 'procctl pool',
        kind: 'procctl',
        amount: COUNT,
        command: pool('--quiet', '--', '/bin/true', '{}', ':::', ...numbers(COUNT)),
      },
      {
        name: 'xargs -P4',
        kind: 'peer',
        needs: 'xargs',
        amount: COUNT,
        input,
        command: ['xargs', '-P4', '-n1', '/bin/true'],
      },
      {
        name: 'GNU parallel -j4',
        kind: 'peer',
        needs: 'parallel',
        amount: FEW,
        command: ['parallel', '--will-cite', '-j4', '/bin/true', '{}', ':::', ...numbers(FEW)],
      },
      {
        name: 'rush -j4',
        kind: 'peer',
        needs: 'rush',
        amount: COUNT,
        input,
        command: ['rush', '-j4', '/bin/true {}'],
      },
    ];
  },
};
