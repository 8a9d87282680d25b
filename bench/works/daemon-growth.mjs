import { withFleet } from '../lib/fleet.mjs';
import { costsPerSecond, memoryOf } from '../lib/fleet-costs.mjs';
import { median } from '../lib/statistics.mjs';
import { timedRun } from '../lib/timed-run.mjs';

const COUNTS = [1, 100, 500, 1000];
const WATCHED_MS = 10_000;
const LISTS = 11;

const look = async (fleet) => {
  const { daemonMib, helpersMib } = memoryOf(fleet);
  const { daemonMs, daemonWakeUps } = await costsPerSecond(fleet, WATCHED_MS);
  const { listCommands, env } = fleet.supervisor;
  const times = [];
  for (let run = 0; run < LISTS; run += 1) {
    const { elapsedMs } = await timedRun({ command: listCommands['procctl ps'], env });
    times.push(elapsedMs);
  }
  return {
    elapsedMs: median(times),
    more: {
      'daemon, MiB': daemonMib,
      'helpers, MiB': helpersMib,
      'daemon, % of a core': daemonMs / 10,
      'wake-ups/s': daemonWakeUps,
    },
  };
};

export default {
  title: 'Growth: a daemon with 1 to 1000 idle processes',
  about: `The median is the time of a whole \`procctl ps\`, not to a terminal, of ${LISTS} runs. Memory (RSS for the daemon, PSS for its shims) is looked at three
seconds after the start; CPU time and wake-ups in the ${WATCHED_MS / 1000} s after that, when nobody asks anything.`,
  unit: 'ms',
  amountName: 'processes',
  isMoreBetter: false,
  repetitions: 1,
  moreColumns: ['daemon, MiB', 'helpers, MiB', 'daemon, % of a core', 'wake-ups/s'],
  against: null,
  valueOf: (elapsedMs) => elapsedMs,
  ways: (bench) =>
    COUNTS.map((amount) => ({
      name: 'procctl',
      kind: 'procctl',
      amount,
      measure: () => withFleet(bench, 'procctl', amount, look),
    })),
};
