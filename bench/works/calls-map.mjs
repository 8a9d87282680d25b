import { poolWays } from '../lib/pool-ways.mjs';

const COUNT = 100_000;

export default {
  title: `${COUNT} calls of a tiny function, by map`,
  about: `The same function and workers. Python's default is a quarter of each worker's share a chunk; procctl's is as many as take 2 ms.`,
  unit: 'calls/s',
  goals: [
    {
      text: 'at least 0.5 × the default of Python',
      way: 'procctl Pool',
      against: 'Python multiprocessing',
      atLeast: 0.5,
    },
  ],
  isMoreBetter: true,
  against: 'Python multiprocessing',
  valueOf: (elapsedMs, amount) => (amount / elapsedMs) * 1000,
  ways: (bench) =>
    poolWays(bench, { 'procctl Pool': 'map', 'Python multiprocessing': 'map', 'Python, chunksize=1': 'map-1' }, COUNT),
};
