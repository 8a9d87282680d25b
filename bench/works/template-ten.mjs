import { argumentWays } from '../lib/argument-ways.mjs';

export default {
  title: 'Templates: ten lines a command, `-n 10`, 4 at a time',
  about: 'As above, with ten arguments for each `echo`.',
  unit: 'lines/s',
  amountName: 'lines',
  isMoreBetter: true,
  against: 'xargs -P4',
  valueOf: (elapsedMs, lines) => (lines / elapsedMs) * 1000,
  ways: (bench) =>
    argumentWays(bench, 'template-ten', {
      many: 20_000,
      few: 2000,
      flags: { procctl: ['-n', '10'], xargs: ['-n', '10'], parallel: ['-n', '10'], rush: ['-n', '10', '-J', ' '] },
    }),
};
