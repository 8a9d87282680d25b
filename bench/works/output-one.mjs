import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PIECE_BYTES = 100_000_000;
const PIECES = 10;
const LINE = `${'x'.repeat(99)}\n`;

export default {
  title: 'Output: one task that writes 1 GB, to /dev/null',
  about: `Lines of 100 bytes, by \`cat\` of a file that is in memory. The peer is a second \`cat\` at the end of a pipe, which
keeps nothing. \`group\` holds the output back until the task has ended, beyond a few MB on disk.`,
  unit: 'MB/s',
  isMoreBetter: true,
  isMemoryWatched: true,
  valueOf: (elapsedMs, bytes) => bytes / 1000 / elapsedMs,
  ways: ({ directory, pool }) => {
    const piece = join(directory, 'piece.txt');
    writeFileSync(piece, LINE.repeat(PIECE_BYTES / LINE.length));
    const files = Array(PIECES).fill(piece);
    const tasks = join(directory, 'output-one.json');
    writeFileSync(tasks, JSON.stringify([['cat', ...files]]));
    const amount = PIECES * PIECE_BYTES;
    const procctl = ['group', 'line', 'none'].map((mode) => ({
      name: `procctl pool --output ${mode}`,
      kind: 'procctl',
      amount,
      command: pool('--output', mode, tasks),
    }));
    return [...procctl, { name: 'cat', kind: 'peer', amount, command: ['sh', '-c', 'cat "$@" | cat', 'sh', ...files] }];
  },
};
