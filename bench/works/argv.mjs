import { fileURLToPath } from 'node:url';
import { writeTasks } from '../lib/files.mjs';
import { peersFolder } from '../lib/tools.mjs';

const COUNT = 2000;
const peer = (name) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

/** Four shells that fork and wait, 500 times each, told nothing and telling nothing. */
const FLOOR = `
for slot in 1 2 3 4; do
  (i=0; while [ $i -lt ${COUNT / 4} ]; do /bin/true x; i=$((i + 1)); done) &
done
wait`;

export default {
  title: `${COUNT} × /bin/true with an argument, 4 at a time`,
  about: `Programs with arguments, no shell. procctl, GNU parallel, execa, nano-spawn and the spawn loop capture both streams of each
task; xargs and xjobs let them through. All give it one argument, as xargs does (without one, /bin/true ends sooner). The slow ones run fewer tasks. The floor is four shells that fork and wait in a
loop: what the machine does when nobody hands out, captures or reports anything.`,
  unit: 'tasks/s',
  goals: [{ text: 'at least as fast as xargs', way: 'procctl pool', against: 'xargs -P4', atLeast: 1 }],
  amountName: 'tasks',
  isMoreBetter: true,
  valueOf: (elapsedMs, tasks) => (tasks / elapsedMs) * 1000,
  ways: ({ directory, pool }) => {
    const tasks = (count) => writeTasks(directory, 'argv', { count, task: ['/bin/true', 'x'], line: '/bin/true x' });
    const { json, lines } = tasks(COUNT);
    const words = writeTasks(directory, 'words', { count: COUNT, task: ['/bin/true', 'x'], line: 'x' }).lines;
    return [
      { name: 'procctl pool', kind: 'procctl', amount: COUNT, command: pool(json) },
      {
        name: 'procctl pool --runner spawn',
        kind: 'procctl',
        amount: 500,
        command: pool('--runner', 'spawn', tasks(500).json),
      },
      {
        name: 'xargs -P4',
        kind: 'peer',
        needs: 'xargs',
        amount: COUNT,
        command: ['xargs', '-P4', '-n1', '/bin/true'],
        input: words,
      },
      {
        name: 'xjobs -j4',
        kind: 'peer',
        needs: 'xjobs',
        amount: COUNT,
        command: ['xjobs', '-v0', '-j4'],
        input: lines,
      },
      {
        name: 'GNU parallel -j4',
        kind: 'peer',
        needs: 'parallel',
        amount: 200,
        command: ['parallel', '--will-cite', '-j4'],
        input: tasks(200).lines,
      },
      {
        name: 'child_process.spawn',
        kind: 'peer',
        amount: 500,
        command: [process.execPath, peer('spawn-loop.mjs'), '500'],
      },
      {
        name: 'execa',
        kind: 'peer',
        needs: 'execa',
        amount: 300,
        command: [process.execPath, peer('execa-loop.mjs'), '300'],
      },
      {
        name: 'nano-spawn',
        kind: 'peer',
        needs: 'nano-spawn',
        amount: 300,
        command: [process.execPath, peer('nano-spawn-loop.mjs'), '300', peersFolder],
      },
      { name: 'floor: four shell loops', kind: 'floor', amount: COUNT, command: ['sh', '-c', FLOOR] },
    ];
  },
};
