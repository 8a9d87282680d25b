import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hangBell, writeProgram } from '../lib/bell.mjs';
import { isAlive, pidsMarked, until } from '../lib/processes.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';
import { timedRun } from '../lib/timed-run.mjs';

const FAMILY = 50;
const GRACE_MS = 1000;

/** All of them ignore TERM: what a shell ignores, those it starts ignore too. The last is an orphan in a session of its own. */
const familyText = (mark, bell) => `trap '' TERM
export ${mark}
i=2
while [ $i -lt ${FAMILY} ]; do sleep 100000 & i=$((i + 1)); done
setsid sh -c 'sleep 100000 &'
echo $$ >${bell.path}
wait`;

let count = 0;

export default {
  title: `Stop a family of ${FAMILY} that ignores TERM`,
  about: `A shell, its ${FAMILY - 2} children, and an orphan in a session of its own, with ${GRACE_MS / 1000} s from TERM to KILL: the whole command.
What is left is counted when the command has ended, and then ended by the bench. A fast stop that leaves
processes behind is no stop.`,
  unit: 'ms',
  goals: [
    { text: 'at most the grace and 200 ms', way: 'procctl', atMost: 1200 },
    { text: 'nothing left', way: 'procctl', column: 'left behind', unit: 'processes', atMost: 0 },
  ],
  isMoreBetter: false,
  moreColumns: ['left behind'],
  against: null,
  valueOf: (elapsedMs) => elapsedMs,
  ways: async ({ directory, tools, openSupervisor }) =>
    SUPERVISORS.filter((name) => name in tools).map((needs) => ({
      name: needs,
      kind: kindOf(needs),
      needs,
      measure: async () => {
        count += 1;
        const own = join(directory, `family-${count}`);
        mkdirSync(own);
        const bell = hangBell(own);
        const mark = `PROCCTL_BENCH_FAMILY=${process.pid}-${count}`;
        const program = writeProgram(own, 'family', familyText(mark, bell));
        const supervisor = await openSupervisor(needs, { program, count: 1, graceMs: GRACE_MS });
        const [[{ pid: shell }]] = await Promise.all([bell.next(1), supervisor.start()]);
        // The shell itself is not marked: it has set the variable after its start.
        await until(() => pidsMarked(mark).length >= FAMILY - 1, `${needs}: the family`);
        const { elapsedMs } = await timedRun({ command: supervisor.stopCommand, env: supervisor.env });
        const left = [shell, ...pidsMarked(mark)].filter(isAlive);
        for (const pid of left) process.kill(pid, 'SIGKILL');
        bell.close();
        await supervisor.close();
        return { elapsedMs, more: { 'left behind': left.length } };
      },
    })),
};
