import { poolWays } from '../lib/pool-ways.mjs';

const COUNT = 100_000;

export default {
  title: `${COUNT} calls of a tiny function, submitted one by one`,
  about: `\`x => x * x\`, all in flight at a time, two workers that have started before the clock does. piscina and tinypool use threads, the
others processes.`,
  unit: 'calls/s',
  goals: [{ text: 'at least 10 × piscina', way: 'procctl Pool', against: 'piscina', atLeast: 10 }],
  isMoreBetter: true,
  against: 'piscina',
  valueOf: (elapsedMs, amount) => (amount / elapsedMs) * 1000,
  ways: (bench) =>
    poolWays(
      bench,
      {
        'procctl Pool': 'run',
        piscina: 'run',
        tinypool: 'run',
        'workerpool (processes)': 'run',
        'jest-worker (processes)': 'run',
        'Python multiprocessing': 'run',
      },
      COUNT,
    ),
};
