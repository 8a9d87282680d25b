import { withFleet } from '../lib/fleet.mjs';
import { cpuMsOf, sleepMs, wakeUpsOf } from '../lib/processes.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';

const COUNT = 300;
const WATCHED_MS = 20_000;

/** What each costs per second of the time it was watched. */
const costs = async ({ daemonPid, pids }) => {
  const look = () => ({
    at: performance.now(),
    daemonMs: cpuMsOf([daemonPid]),
    allMs: cpuMsOf(pids),
    daemonWakeUps: wakeUpsOf([daemonPid]),
    wakeUps: wakeUpsOf(pids),
  });
  const before = look();
  await sleepMs(WATCHED_MS);
  const after = look();
  const perSecond = (name) => ((after[name] - before[name]) * 1000) / (after.at - before.at);
  return {
    elapsedMs: perSecond('daemonMs'),
    more: {
      'with its helpers, % of a core': perSecond('allMs') / 10,
      'wake-ups/s, daemon': perSecond('daemonWakeUps'),
      'wake-ups/s, all': perSecond('wakeUps'),
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
