// What a supervisor costs that has many idle processes (see fleet.mjs).
import { cpuMsOf, pssMibOf, rssMibOf, sleepMs, wakeUpsOf } from './processes.mjs';

/** RSS for the daemon: the PSS of a program in Node depends on who else runs Node, and the bench does. */
export const memoryOf = ({ daemonPid, pids }) => ({
  daemonMib: rssMibOf([daemonPid]),
  helpersMib: pssMibOf(pids.filter((pid) => pid !== daemonPid)),
});

/** CPU time, ms, and wake-ups, per second of the time it is watched. */
export const costsPerSecond = async ({ daemonPid, pids }, watchedMs) => {
  const look = () => ({
    at: performance.now(),
    daemonMs: cpuMsOf([daemonPid]),
    allMs: cpuMsOf(pids),
    daemonWakeUps: wakeUpsOf([daemonPid]),
    wakeUps: wakeUpsOf(pids),
  });
  const before = look();
  await sleepMs(watchedMs);
  const after = look();
  const perSecond = (name) => ((after[name] - before[name]) * 1000) / (after.at - before.at);
  return {
    daemonMs: perSecond('daemonMs'),
    allMs: perSecond('allMs'),
    daemonWakeUps: perSecond('daemonWakeUps'),
    wakeUps: perSecond('wakeUps'),
  };
};
