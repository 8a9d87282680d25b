import { hangBell, sleeper } from '../lib/bell.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';
import { timedRun } from '../lib/timed-run.mjs';

const COUNT = 50;

const NAMES = {
  procctl: `procctl spawn -i ${COUNT}`,
  pm2: `pm2 start, ${COUNT} instances`,
  supervisord: `supervisorctl start`,
  runit: 'runsvdir',
  s6: 's6-svscan',
};

export default {
  title: `Start ${COUNT} processes by one call`,
  about: `From the start of the command until it has ended and the last of the ${COUNT} has executed its first instruction. They are
shell scripts that ring a bell and become \`sleep\`. The daemons of procctl, pm2 and supervisord run before; runit and s6
have no such command, so theirs is the start of the program that scans ${COUNT} directories. \`sleep\` without a script: to the end of
the command, which returns when all execute.`,
  unit: 'processes/s',
  goals: [{ text: 'at least 400 processes/s', way: 'procctl spawn -i 50', atLeast: 400 }],
  isMoreBetter: true,
  valueOf: (elapsedMs) => (COUNT / elapsedMs) * 1000,
  ways: async ({ directory, tools, openSupervisor }) => {
    const bell = hangBell(directory);
    const program = sleeper(directory, bell);
    const ways = [];
    for (const needs of SUPERVISORS.filter((name) => name in tools)) {
      const supervisor = await openSupervisor(needs, { program, count: COUNT });
      const way = { kind: kindOf(needs), needs };
      ways.push({
        ...way,
        name: NAMES[needs],
        measure: async () => {
          const startedAt = performance.now();
          const [rings] = await Promise.all([bell.next(COUNT), supervisor.start()]);
          const elapsedMs = performance.now() - startedAt;
          await supervisor.remove();
          if (new Set(rings.map(({ pid }) => pid)).size !== COUNT) throw new Error(`${needs}: some have started twice`);
          return { elapsedMs };
        },
      });
      if (needs !== 'procctl') continue;
      ways.push({
        ...way,
        name: `${NAMES[needs]}: sleep`,
        measure: async () => {
          const command = supervisor.spawnCommand('sleep', '100000');
          const { elapsedMs } = await timedRun({ command, env: supervisor.env });
          await supervisor.remove();
          return { elapsedMs };
        },
      });
    }
    return ways;
  },
};
