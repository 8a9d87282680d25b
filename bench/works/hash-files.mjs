import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MOST_FILES = 5000;

/** As `find … -type f | head -5000`: what is here, and for the rest what any Linux has. */
const findFiles = (root) => {
  const found = spawnSync(
    'find',
    [root, '/usr/share', '-type', 'f', '-readable', '-not', '-path', '*/.git/*', '-print0'],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    },
  );
  const files = found.stdout.split('\0').filter((file) => file !== '' && !/[\\\n]/.test(file));
  return files.slice(0, MOST_FILES);
};

const sorted = (file) => readFileSync(file, 'utf8').split('\n').toSorted().join('\n');

export default {
  title: `Real work: the SHA-256 of ${MOST_FILES} files, 4 at a time`,
  about: `A \`sha256sum\` for each file, and, to see what a process for each costs, xargs with as many files a process as fit.
Every way is checked, at every repetition: sorted, all have printed the same.`,
  unit: 'files/s',
  amountName: 'files',
  isMoreBetter: true,
  against: 'xargs -P4 -n1',
  valueOf: (elapsedMs, files) => (files / elapsedMs) * 1000,
  ways: ({ directory, root, pool }) => {
    const files = findFiles(root);
    const tasks = join(directory, 'hash-files.ndjson');
    const names = join(directory, 'hash-files.txt');
    const output = join(directory, 'hash-files.out');
    writeFileSync(tasks, files.map((file) => `${JSON.stringify(['sha256sum', file])}\n`).join(''));
    writeFileSync(names, files.map((file) => `${file}\0`).join(''));
    let expected;
    const way = (more) => ({
      needs: 'sha256sum',
      amount: files.length,
      output,
      check: () => {
        const result = sorted(output);
        expected ??= result;
        if (result !== expected) throw new Error(`${more.name}: the hashes differ`);
        if (result.split('\n').length !== files.length + 1) throw new Error(`${more.name}: some hashes are missing`);
      },
      ...more,
    });
    return [
      way({ name: 'procctl pool', kind: 'procctl', command: pool('--format', 'ndjson', '-'), input: tasks }),
      way({
        name: 'xargs -P4 -n1',
        kind: 'peer',
        needs: 'xargs',
        command: ['xargs', '-0', '-P4', '-n1', 'sha256sum'],
        input: names,
      }),
      way({
        name: 'xargs -P4',
        kind: 'floor',
        needs: 'xargs',
        command: ['xargs', '-0', '-P4', 'sha256sum'],
        input: names,
      }),
    ];
  },
};
