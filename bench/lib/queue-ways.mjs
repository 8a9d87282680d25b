// A Queue of procctl and one of Python's multiprocessing at the same work. Each program measures from the moment when all of its
// processes are ready until the last item was taken.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const peer = (file) => fileURLToPath(new URL(`../peers/${file}`, import.meta.url));

const elapsed = async (command, args) => {
  const { stdout } = await run(command, args.map(String));
  return { elapsedMs: Number(stdout) };
};

/** @param rounds a list of `{ producers, consumers, items, bytes, kind, maxLost }`; kind is 'text' or 'buffer', maxLost a list of what procctl may lose with a killed consumer */
export const queueWays = (rounds) =>
  rounds.flatMap(({ producers, consumers, items, bytes, kind, maxLost = [1] }) => {
    const args = [producers, consumers, items, bytes, kind];
    const form = `${producers} → ${consumers}`;
    return [
      ...maxLost.map((most) => ({
        name: most === 1 ? `procctl Queue, ${form}` : `procctl Queue, maxLost ${most}, ${form}`,
        kind: 'procctl',
        amount: items,
        measure: () => elapsed(process.execPath, [peer('queue.mjs'), ...args, most]),
      })),
      {
        name: `multiprocessing.Queue, ${form}`,
        kind: 'peer',
        needs: 'python',
        amount: items,
        measure: () => elapsed('python3', [peer('mp-queue.py'), ...args]),
      },
    ];
  });
