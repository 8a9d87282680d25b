import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COUNT = 1000;
const BYTES = 100_000;
const LINE = `${'x'.repeat(99)}\n`;

export default {
  title: `Output: ${COUNT} tasks of 100 kB, 4 at a time, to a file`,
  about:
    '`cat` of a file, as often. `group` and GNU parallel keep what a task writes in one piece, `line` keeps lines whole, xargs neither.',
  unit: 'MB/s',
  amountName: 'bytes',
  isMoreBetter: true,
  isMemoryWatched: true,
  valueOf: (elapsedMs, bytes) => bytes / 1000 / elapsedMs,
  ways: ({ directory, pool }) => {
    const piece = join(directory, 'small-piece.txt');
    const output = join(directory, 'output-many.out');
    writeFileSync(piece, LINE.repeat(BYTES / LINE.length));
    const list = (name, text) => {
      const file = join(directory, name);
      writeFileSync(file, text);
      return file;
    };
    const tasks = list('output-many.json', JSON.stringify(Array(COUNT).fill(['cat', piece])));
    const names = (count) => list(`output-many-${count}.txt`, `${piece}\n`.repeat(count));
    const way = (more) => ({
      amount: COUNT * BYTES,
      output,
      check: () => {
        const { size } = statSync(output);
        const amount = more.amount ?? COUNT * BYTES;
        if (size !== amount) throw new Error(`${more.name}: ${size} of ${amount} bytes have arrived`);
        if (!readFileSync(output).subarray(-LINE.length).equals(Buffer.from(LINE)))
          throw new Error(`${more.name}: other bytes`);
      },
      ...more,
    });
    return [
      way({ name: 'procctl pool --output group', kind: 'procctl', command: pool('--output', 'group', tasks) }),
      way({ name: 'procctl pool --output line', kind: 'procctl', command: pool('--output', 'line', tasks) }),
      way({
        name: 'xargs -P4',
        kind: 'peer',
        needs: 'xargs',
        command: ['xargs', '-P4', '-n1', 'cat'],
        input: names(COUNT),
      }),
      way({
        name: 'GNU parallel -j4',
        kind: 'peer',
        needs: 'parallel',
        amount: 200 * BYTES,
        command: ['parallel', '--will-cite', '-j4', 'cat'],
        input: names(200),
      }),
    ];
  },
};
