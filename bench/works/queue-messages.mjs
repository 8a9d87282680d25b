import { queueWays } from '../lib/queue-ways.mjs';

/** Some seconds: each process compiles what it runs often in its first tenths, which is not what is asked. */
const ITEMS = 1_000_000;
const round = (count) => ({
  producers: count,
  consumers: count,
  items: ITEMS,
  bytes: 100,
  kind: 'text',
  maxLost: [1, 64],
});

export default {
  title: 'Queue: messages of 100 characters',
  about: `Producers and consumers in processes of their own, besides the process that has made the queue. A producer awaits each
\`put\`, a consumer iterates. procctl notes, before it hands out an item, that it does, so that a consumer that is killed loses
none but that one; with \`maxLost\` it may note several at once. Python promises nothing of a consumer that is killed: what it had read is
gone, and if it was just reading, no other can take anything any more. Its feeder thread loses what it has not written.`,
  unit: 'items/s',
  goals: [
    {
      text: 'one to one, at least 3 × Python',
      way: 'procctl Queue, 1 → 1',
      against: 'multiprocessing.Queue, 1 → 1',
      atLeast: 3,
    },
    {
      text: 'four to four, at least 3 × Python',
      way: 'procctl Queue, 4 → 4',
      against: 'multiprocessing.Queue, 4 → 4',
      atLeast: 3,
    },
    {
      label: 'maxLost 64, one to one, 3 × Python',
      text: 'one to one, at least 3 × Python, where a killed consumer may lose some',
      way: 'procctl Queue, maxLost 64, 1 → 1',
      against: 'multiprocessing.Queue, 1 → 1',
      atLeast: 3,
    },
    {
      label: 'maxLost 64, four to four, 3 × Python',
      text: 'four to four, at least 3 × Python, where a killed consumer may lose some',
      way: 'procctl Queue, maxLost 64, 4 → 4',
      against: 'multiprocessing.Queue, 4 → 4',
      atLeast: 3,
    },
  ],
  amountName: 'items',
  isMoreBetter: true,
  against: 'multiprocessing.Queue, 1 → 1',
  valueOf: (elapsedMs, items) => (items / elapsedMs) * 1000,
  ways: () => queueWays([round(1), round(4)]),
};
