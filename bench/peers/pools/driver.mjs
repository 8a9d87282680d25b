// Measures one work with one pool, in a process of its own: `node NAME.mjs WORK` prints the milliseconds.
// The pool has started, and has done the same work three times, before the clock does: what is measured is a program that runs
// for a while, whose functions have been compiled.
const TASKS = 100_000;
const WARM_UPS = 3;

const works = {
  run: async ({ run }, count = TASKS) => {
    const results = await Promise.all(Array.from({ length: count }, (_, index) => run('square', index)));
    if (results.at(-1) !== (count - 1) ** 2) throw new Error('a wrong result');
  },
  map: async ({ map }, count = TASKS) => {
    const results = await map(
      'square',
      Array.from({ length: count }, (_, index) => index),
    );
    if (results.at(-1) !== (count - 1) ** 2) throw new Error('a wrong result');
  },
  cpu: async ({ run }, count = 200) => {
    await Promise.all(Array.from({ length: count }, () => run('spin', 5)));
  },
};

/** @param pool `run(name, argument)`, `map(name, items)` where it has such a thing, `close()` */
export const drive = async (pool) => {
  const name = process.argv[2];
  const work = works[name];
  for (let round = 0; round < WARM_UPS; round += 1) await work(pool);
  const startedAt = performance.now();
  await work(pool);
  const elapsedMs = performance.now() - startedAt;
  await pool.close();
  process.stdout.write(`${elapsedMs}\n`);
  process.exit(0);
};

/** As many workers as the machine this was written on has CPUs, for every pool, unless told otherwise. */
export const SIZE = Number(process.env.POOL_SIZE ?? 2);
