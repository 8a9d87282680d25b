import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZES = [1, 2, 4, 8];
const CALLS = 200;
const CALL_MS = 5;

export default {
  title: `Growth: ${CALLS} calls of ${CALL_MS} ms, 1 to 8 workers`,
  about: `Each call keeps a CPU busy for ${CALL_MS} ms of time, so with more workers than CPUs calls share them and only seem to be done sooner;
this machine has ${cpus().length}. What matters is that more workers than CPUs cost nothing.`,
  unit: 'ms',
  amountName: 'workers',
  isMoreBetter: false,
  against: null,
  valueOf: (elapsedMs) => elapsedMs,
  ways: ({ root, tools }) =>
    SIZES.flatMap((size) =>
      [
        { name: 'procctl Pool', kind: 'procctl', file: 'procctl.mjs' },
        { name: 'piscina', kind: 'peer', needs: 'piscina', file: 'piscina.mjs' },
      ]
        .filter(({ needs }) => needs === undefined || needs in tools)
        .map(({ name, kind, needs, file }) => ({
          name,
          kind,
          needs,
          amount: size,
          measure: async () => {
            const env = { ...process.env, POOL_SIZE: String(size) };
            const program = join(root, 'bench', 'peers', 'pools', file);
            const { stdout } = await run(process.execPath, [program, 'cpu'], { timeout: 120_000, env });
            return { elapsedMs: Number(stdout) };
          },
        })),
    ),
};
