import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hangBell, sleeper } from '../lib/bell.mjs';
import { sleepMs } from '../lib/processes.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';

/** Longer than what any of them takes for a failed start: runit waits a second after a run that was shorter. */
const LIFE_MS = 1200;

/** These wait up to a second by design, so a few times will do. */
const SLOW = ['supervisord', 's6'];

export default {
  title: 'From crash to restart',
  about: `From \`kill -9\` of a process to the first instruction of its next run, which writes into a pipe that the bench reads. It has
lived for more than a second before, and no delay is asked for (\`--backoff 0\`). supervisord and s6 wait by design.`,
  unit: 'ms',
  goals: [{ text: 'at most 2 × runit', way: 'procctl', against: 'runit', atMost: 2 }],
  isMoreBetter: false,
  repetitions: 20,
  against: 'runit',
  valueOf: (elapsedMs) => elapsedMs,
  ways: async ({ directory, tools, openSupervisor }) => {
    const ways = [];
    for (const needs of SUPERVISORS.filter((name) => name in tools)) {
      const own = join(directory, `crash-${needs}`);
      mkdirSync(own);
      const bell = hangBell(own);
      const supervisor = await openSupervisor(needs, { program: sleeper(own, bell), count: 1 });
      let [[latest]] = await Promise.all([bell.next(1), supervisor.start()]);
      ways.push({
        name: needs,
        kind: kindOf(needs),
        needs,
        ...(SLOW.includes(needs) ? { repetitions: 10 } : {}),
        measure: async () => {
          await sleepMs(latest.at + LIFE_MS - performance.now());
          const killedAt = performance.now();
          process.kill(latest.pid, 'SIGKILL');
          [latest] = await bell.next(1);
          return { elapsedMs: latest.at - killedAt };
        },
      });
    }
    return ways;
  },
};
