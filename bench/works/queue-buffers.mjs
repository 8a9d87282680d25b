import { queueWays } from '../lib/queue-ways.mjs';

const BYTES = 64 * 1024;
const ITEMS = 20_000;

export default {
  title: 'Queue: buffers of 64 KiB',
  about: `From one process to another, besides the process that has made the queue. procctl writes what is large into a file in
memory, and sends where it is; Python writes it into a pipe.`,
  unit: 'MB/s',
  goals: [
    {
      text: 'at least as fast as Python',
      way: 'procctl Queue, 1 → 1',
      against: 'multiprocessing.Queue, 1 → 1',
      atLeast: 1,
    },
  ],
  amountName: 'buffers',
  isMoreBetter: true,
  valueOf: (elapsedMs, items) => (items * BYTES) / elapsedMs / 1000,
  ways: () => queueWays([{ producers: 1, consumers: 1, items: ITEMS, bytes: BYTES, kind: 'buffer' }]),
};
