import { poolWays } from '../lib/pool-ways.mjs';

export default {
  title: '200 calls of 5 ms, two workers',
  about: 'Each call keeps a CPU busy for 5 ms. 500 ms is what it takes if nothing is lost.',
  unit: 'ms',
  goals: [{ text: 'at most 1.05 × the ideal', way: 'procctl Pool', against: 'the ideal', atMost: 1.05 }],
  isMoreBetter: false,
  against: 'the ideal',
  valueOf: (elapsedMs) => elapsedMs,
  ways: (bench) => [
    { name: 'the ideal', kind: 'floor', measure: async () => ({ elapsedMs: 500 }) },
    ...poolWays(
      bench,
      {
        'procctl Pool': 'cpu',
        piscina: 'cpu',
        tinypool: 'cpu',
        'workerpool (processes)': 'cpu',
        'jest-worker (processes)': 'cpu',
        'Python multiprocessing': 'cpu',
      },
      200,
    ),
  ],
};
