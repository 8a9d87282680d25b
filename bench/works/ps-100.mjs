import { hangBell, sleeper } from '../lib/bell.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';

const COUNT = 100;

export default {
  title: `List ${COUNT} processes, not to a terminal`,
  about: `Whole commands, with ${COUNT} idle processes under the supervisor, and none under another one meanwhile.
\`node -e 0\`, in turn with procctl, is what any program in Node costs. \`sv status\` looks at the directories it is given; s6 has no command for a list.`,
  unit: 'ms',
  goals: [{ text: 'at most 1.3 × node -e 0', way: 'procctl ps', against: 'node -e 0', atMost: 1.3 }],
  isMoreBetter: false,
  repetitions: 25,
  against: 'node -e 0',
  valueOf: (elapsedMs) => elapsedMs,
  ways: async ({ directory, tools, openSupervisor }) => {
    const bell = hangBell(directory);
    const program = sleeper(directory, bell);
    const ways = [];
    for (const needs of SUPERVISORS.filter((name) => name in tools && name !== 's6')) {
      const supervisor = await openSupervisor(needs, { program, count: COUNT });
      const phase = {
        begin: () => Promise.all([bell.next(COUNT), supervisor.start()]),
        end: () => supervisor.remove(),
      };
      if (needs === 'procctl') {
        ways.push({ name: 'node -e 0', kind: 'floor', command: [process.execPath, '-e', '0'], phase });
      }
      for (const [name, command] of Object.entries(supervisor.listCommands)) {
        ways.push({ name, kind: kindOf(needs), needs, command, env: supervisor.env, phase });
      }
    }
    return ways;
  },
};
