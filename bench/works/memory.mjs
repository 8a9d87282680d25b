import { withFleet } from '../lib/fleet.mjs';
import { memoryOf } from '../lib/fleet-costs.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';

const COUNTS = [1, 100, 300, 500];

const memoryIn = async (fleet) => {
  const { daemonMib, helpersMib } = memoryOf(fleet);
  return { elapsedMs: daemonMib + helpersMib, more: { 'daemon, MiB': daemonMib, 'helpers, MiB': helpersMib } };
};

export default {
  title: 'Memory: 1 to 500 idle processes',
  about: `All that belongs to the supervisor: its daemon and its helpers (procctl's shims, \`runsv\`, \`s6-supervise\`), without the
processes themselves. The daemon by its RSS, the helpers by their PSS, where memory that several share is divided among them. It is looked at three seconds after the
start. Loggers, which runit and s6 need one of for each process whose output is to be kept, are not counted.`,
  unit: 'MiB',
  goals: [
    {
      text: 'the daemon with 500 processes, at most 55 MiB',
      way: 'procctl',
      amount: 500,
      column: 'daemon, MiB',
      atMost: 55,
    },
    { text: 'everything with 500 processes, at most 120 MiB', way: 'procctl', amount: 500, atMost: 120 },
  ],
  amountName: 'processes',
  isMoreBetter: false,
  repetitions: 1,
  moreColumns: ['daemon, MiB', 'helpers, MiB'],
  against: null,
  valueOf: (mib) => mib,
  ways: (bench) =>
    COUNTS.flatMap((amount) =>
      SUPERVISORS.map((needs) => ({
        name: needs,
        kind: kindOf(needs),
        needs,
        amount,
        measure: () => withFleet(bench, needs, amount, memoryIn),
      })),
    ),
};
