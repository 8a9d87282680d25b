import { argumentWays } from '../lib/argument-ways.mjs';

export default {
  title: 'Templates: 5000 lines of standard input, `echo {}`, 4 at a time',
  about: `A program for each line. procctl and GNU parallel capture what it writes, xargs lets it through. The slow one runs fewer.`,
  unit: 'tasks/s',
  amountName: 'lines',
  isMoreBetter: true,
  against: 'xargs -P4',
  valueOf: (elapsedMs, lines) => (lines / elapsedMs) * 1000,
  ways: (bench) =>
    argumentWays(bench, 'template-lines', {
      many: 5000,
      few: 500,
      flags: { procctl: [], xargs: ['-n', '1'], parallel: [], rush: [] },
    }),
};
