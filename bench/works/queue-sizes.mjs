import { queueWays } from '../lib/queue-ways.mjs';

/** Enough of each size that it takes a while, and no more than it needs. */
const ROUNDS = [
  { bytes: 16, items: 100_000 },
  { bytes: 256, items: 100_000 },
  { bytes: 4096, items: 50_000 },
  { bytes: 64 * 1024, items: 10_000 },
  { bytes: 1024 ** 2, items: 500 },
  { bytes: 16 * 1024 ** 2, items: 30 },
];

const sizeOf = (bytes) =>
  bytes >= 1024 ** 2 ? `${bytes / 1024 ** 2} MiB` : bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} bytes`;

export default {
  title: 'Growth: a Queue with buffers of 16 bytes to 16 MiB',
  about: 'One producer, one consumer, each in a process of its own. The time for an item, however large it is.',
  unit: 'µs/item',
  amountName: 'items',
  isMoreBetter: false,
  repetitions: 3,
  against: null,
  valueOf: (elapsedMs, items) => (elapsedMs / items) * 1000,
  ways: () =>
    ROUNDS.flatMap(({ bytes, items }) =>
      queueWays([{ producers: 1, consumers: 1, items, bytes, kind: 'buffer' }]).map((way) => ({
        ...way,
        name: `${way.name}, ${sizeOf(bytes)}`,
      })),
    ),
};
