// Many idle processes under one supervisor, to see what they cost.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { hangBell, sleeper } from './bell.mjs';
import { ancestorsOf, sleepMs } from './processes.mjs';

/** What a start has left to do is over by then. */
const SETTLE_MS = 3000;

/**
 * Starts `count` idle processes, lets `measure({ daemonPid, pids, supervisor })` look, and ends all.
 *
 * `pids` are the supervisor's own: its daemon, and what stands between that and the processes (shims, `runsv`, `s6-supervise`).
 */
export const withFleet = async ({ directory, openSupervisor }, name, count, measure) => {
  const own = mkdtempSync(join(directory, 'fleet-'));
  const bell = hangBell(own);
  const supervisor = await openSupervisor(name, { program: sleeper(own, bell), count });
  const [rings] = await Promise.all([bell.next(count), supervisor.start()]);
  bell.close();
  await sleepMs(SETTLE_MS);
  const { daemonPid } = supervisor;
  const pids = [...new Set([daemonPid, ...ancestorsOf(rings.map(({ pid }) => pid))])];
  const result = await measure({ daemonPid, pids, supervisor });
  await supervisor.close();
  return result;
};
