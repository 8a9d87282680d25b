import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSum } from '../lib/lines.mjs';

const BYTES = 200_000_000;
const LINE = `${'x'.repeat(99)}\n`;
const LINES = BYTES / LINE.length;

export default {
  title: 'Templates: standard input in blocks, `--pipe --block 10M -- wc -l`, 4 at a time',
  about: `200 MB in lines of 100 bytes, from a file. \`--pipe-part\` of GNU parallel lets the tasks read their parts of the file
themselves. The floor is one \`wc -l\` of the whole.`,
  unit: 'MB/s',
  isMoreBetter: true,
  isMemoryWatched: true,
  against: 'GNU parallel --pipe',
  valueOf: (elapsedMs, bytes) => bytes / 1000 / elapsedMs,
  ways: ({ directory, pool }) => {
    const input = join(directory, 'template-pipe.txt');
    const output = join(directory, 'template-pipe.out');
    writeFileSync(input, LINE.repeat(LINES));
    const parallel = (...args) => ['parallel', '--will-cite', '-j4', ...args, '--block', '10M', 'wc', '-l'];
    const way = (more) => ({
      amount: BYTES,
      input,
      output,
      check: () => checkSum(output, LINES),
      ...more,
    });
    return [
      way({
        name: 'procctl pool --pipe',
        kind: 'procctl',
        command: pool('--quiet', '--pipe', '--block', '10M', '--', 'wc', '-l'),
      }),
      way({ name: 'GNU parallel --pipe', kind: 'peer', needs: 'parallel', command: parallel('--pipe') }),
      way({
        name: 'GNU parallel --pipe-part',
        kind: 'peer',
        needs: 'parallel',
        command: parallel('--pipe-part', '-a', input),
      }),
      way({ name: 'floor: wc -l', kind: 'floor', command: ['wc', '-l'] }),
    ];
  },
};
