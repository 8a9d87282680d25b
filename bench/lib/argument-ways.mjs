import { join } from 'node:path';
import { checkNumbers, writeNumbers } from './lines.mjs';

/**
 * Ways to give numbers, a line each on standard input, to `echo`, 4 at a time. Every one is checked: what they print are those numbers.
 *
 * @param flags by tool what it needs for this work, such as `{ xargs: ['-n', '10'] }`; a tool without an entry is left out
 * @param few for the slow ones
 */
export const argumentWays = ({ directory, pool }, name, { many, few, flags }) => {
  const output = join(directory, `${name}.out`);
  const way = (tool, amount, more) => ({
    amount,
    input: writeNumbers(directory, amount),
    output,
    check: () => checkNumbers(output, amount),
    ...more,
    command: more.command(flags[tool] ?? []),
    isLeftOut: flags[tool] === undefined,
  });
  return [
    way('procctl', many, {
      name: 'procctl pool',
      kind: 'procctl',
      command: (own) => pool('--quiet', ...own, '--', 'echo', '{}'),
    }),
    way('xargs', many, {
      name: 'xargs -P4',
      kind: 'peer',
      needs: 'xargs',
      command: (own) => ['xargs', '-P4', ...own, 'echo'],
    }),
    way('parallel', few, {
      name: 'GNU parallel -j4',
      kind: 'peer',
      needs: 'parallel',
      command: (own) => ['parallel', '--will-cite', '-j4', ...own, 'echo', '{}'],
    }),
    way('rush', many, {
      name: 'rush -j4',
      kind: 'peer',
      needs: 'rush',
      command: (own) => ['rush', '-j4', ...own, 'echo {}'],
    }),
  ].filter(({ isLeftOut }) => !isLeftOut);
};
