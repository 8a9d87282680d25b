// The pools of functions that a benchmark compares: each measured by a program of peers/pools, in a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * @param works the work by way: names of works of peers/pools/driver.mjs and python.py
 * @returns ways for measure-work.mjs
 */
export const poolWays = ({ root }, works, amount) => {
  const folder = join(root, 'bench', 'peers', 'pools');
  const node = (file) => (work) => [process.execPath, join(folder, file), work];
  const python = (work) => ['python3', join(folder, 'python.py'), work];
  const commands = {
    'procctl Pool': { command: node('procctl.mjs'), kind: 'procctl' },
    piscina: { command: node('piscina.mjs'), needs: 'piscina' },
    tinypool: { command: node('tinypool.mjs'), needs: 'tinypool' },
    'workerpool (processes)': { command: node('workerpool.mjs'), needs: 'workerpool' },
    'jest-worker (processes)': { command: node('jest-worker.mjs'), needs: 'jest-worker' },
    'Python multiprocessing': { command: python, needs: 'python' },
    'Python, chunksize=1': { command: python, needs: 'python' },
  };
  return Object.entries(works).map(([name, work]) => {
    const { command, needs, kind = 'peer' } = commands[name];
    const [program, ...args] = command(work);
    return {
      name,
      kind,
      needs,
      amount,
      measure: async () => ({ elapsedMs: Number((await run(program, args, { timeout: 120_000 })).stdout) }),
    };
  });
};
