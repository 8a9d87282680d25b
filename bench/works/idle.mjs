import { withFleet } from '../lib/fleet.mjs';
import { costsPerSecond } from '../lib/fleet-costs.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';

const COUNT = 300;
const WATCHED_MS = 20_000;

const costs = async (fleet) => {
  const { daemonMs, allMs, daemonWakeUps, wakeUps } = await costsPerSecond(fleet, WATCHED_MS);
  return {
    elapsedMs: daemonMs,
    more: {
      'with its helpers, % of a core': allMs / 10,
      'wake-ups/s, daemon': daemonWakeUps,
      'wake-ups/s, all': wakeUps,
    },
  };
};

export default {
  title: `${COUNT} idle processes for ${WATCHED_MS / 1000} s`,
  about: `CPU time (user and system) of the supervisor, as Linux counts it, in hundredths of a second: 0.05 % is the least that can be
seen. Wake-ups are voluntary context switches of all threads. Helpers are what stands between daemon and process: procctl's
shims, \`runsv\`, \`s6-supervise\`. Nobody asks anything meanwhile.`,
  unit: '% of a core',
  goals: [{ text: 'the daemon below 1 % of a core', way: 'procctl', atMost: 1 }],
  isMoreBetter: false,
  repetitions: 1,
  moreColumns: ['with its helpers, % of a core', 'wake-ups/s, daemon', 'wake-ups/s, all'],
  against: null,
  valueOf: (cpuMsPerSecond) => cpuMsPerSecond / 10,
  ways: (bench) =>
    SUPERVISORS.map((needs) => ({
      name: needs,
      kind: kindOf(needs),
      needs,
      measure: () => withFleet(bench, needs, COUNT, costs),
    })),
};
