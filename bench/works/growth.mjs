import { writeTasks } from '../lib/files.mjs';

/** The most is measured least often: it takes long, and what little it varies does not matter. */
const SIZES = [
  { count: 100, repetitions: 5 },
  { count: 1000, repetitions: 5 },
  { count: 10_000, repetitions: 5 },
  { count: 20_000, repetitions: 3 },
  { count: 100_000, repetitions: 1 },
];

const nameOf = (count) => `${count.toLocaleString('en-GB').replaceAll(',', ' ')} tasks`;

export default {
  title: 'Growth: 100 to 100 000 tasks, 4 at a time',
  about: `The task is \`:\`, which the shell does without a fork, so that what is left is procctl's own. The memory is that of
the procctl process at its greatest.`,
  unit: 'µs/task',
  isMoreBetter: false,
  isMemoryWatched: true,
  against: nameOf(1000),
  valueOf: (elapsedMs, tasks) => (elapsedMs / tasks) * 1000,
  ways: ({ directory, pool }) =>
    SIZES.flatMap(({ count, repetitions }) => {
      const { json, lines } = writeTasks(directory, 'growth', { count, task: ':', line: '":"' });
      const way = { kind: 'procctl', amount: count, repetitions };
      const document = { ...way, name: nameOf(count), command: pool(json) };
      if (count < 100_000) return [document];
      return [
        document,
        { ...way, name: `${nameOf(count)}, NDJSON`, command: pool('--format', 'ndjson', '-'), input: lines },
      ];
    }),
};
