import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeTasks } from '../lib/files.mjs';
import { allPids, cpuMsOf, sleepMs, wakeUpsOf } from '../lib/processes.mjs';

const TASKS = 50;
const SETTLE_MS = 3000;
const WATCHED_MS = 10_000;

const sessionOf = (pid) => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[3]);
  } catch {
    return 0;
  }
};

/** What it costs per second while all of its tasks sleep; ended then. */
const costs = async ([program, ...args], input) => {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.stdin.end(input);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await sleepMs(SETTLE_MS);
  const look = () => ({ at: performance.now(), cpuMs: cpuMsOf([child.pid]), wakeUps: wakeUpsOf([child.pid]) });
  const before = look();
  await sleepMs(WATCHED_MS);
  const after = look();
  child.kill('SIGTERM');
  await Promise.race([ended, sleepMs(10_000)]);
  // xargs leaves its children to themselves: what is left in its session is ended here.
  for (const pid of allPids()) if (sessionOf(pid) === child.pid) process.kill(pid, 'SIGKILL');
  const seconds = (after.at - before.at) / 1000;
  return {
    elapsedMs: (after.cpuMs - before.cpuMs) / seconds,
    more: { 'wake-ups/s': (after.wakeUps - before.wakeUps) / seconds },
  };
};

export default {
  title: `What waiting costs: ${TASKS} tasks that sleep, all at once`,
  about: `CPU time of the program that has started them, for ${WATCHED_MS / 1000} s, not to a terminal; Linux counts it in hundredths of a second. Wake-ups
are voluntary context switches of all threads.`,
  unit: '% of a core',
  isMoreBetter: false,
  repetitions: 2,
  moreColumns: ['wake-ups/s'],
  against: null,
  valueOf: (cpuMsPerSecond) => cpuMsPerSecond / 10,
  ways: ({ directory, procctl }) => {
    const { json } = writeTasks(directory, 'waiting', { count: TASKS, task: ['sleep', '1000'], line: '1000' });
    const input = '1000\n'.repeat(TASKS);
    const size = String(TASKS);
    return [
      {
        name: 'procctl pool',
        kind: 'procctl',
        measure: () => costs([process.execPath, procctl, 'pool', '--size', size, json], ''),
      },
      {
        name: 'xargs',
        kind: 'peer',
        needs: 'xargs',
        measure: () => costs(['xargs', '-P', size, '-n1', 'sleep'], input),
      },
      {
        name: 'GNU parallel',
        kind: 'peer',
        needs: 'parallel',
        measure: () => costs(['parallel', '--will-cite', '-j', size, 'sleep'], input),
      },
    ];
  },
};
