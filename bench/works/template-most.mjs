import { join } from 'node:path';
import { checkSum, writeNumbers } from '../lib/lines.mjs';

const COUNT = 200_000;

/** Says how many arguments it has got. */
const TASK = ['sh', '-c', 'echo $#', 'sh'];

export default {
  title: 'Templates: as many lines a command as fit, `-X`, 4 at a time',
  about: `${COUNT / 1000} 000 numbers for a shell that says how many it was given. rush packs by number only, so it is not here.`,
  unit: 'lines/s',
  isMoreBetter: true,
  against: 'xargs -P4',
  valueOf: (elapsedMs, lines) => (lines / elapsedMs) * 1000,
  ways: ({ directory, pool }) => {
    const output = join(directory, 'template-most.out');
    const way = (more) => ({
      amount: COUNT,
      input: writeNumbers(directory, COUNT),
      output,
      check: () => checkSum(output, COUNT),
      ...more,
    });
    return [
      way({ name: 'procctl pool -X', kind: 'procctl', command: pool('--quiet', '-X', '--', ...TASK) }),
      way({ name: 'xargs -P4', kind: 'peer', needs: 'xargs', command: ['xargs', '-P4', ...TASK] }),
      way({
        name: 'GNU parallel -j4 -m',
        kind: 'peer',
        needs: 'parallel',
        command: ['parallel', '--will-cite', '-j4', '-q', '-m', ...TASK],
      }),
    ];
  },
};
