import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { lockOwner } from '../../src/runtime/home-lock.ts';
import { TestHome } from '../helpers/home.ts';
import { waitFor } from '../helpers/procctl.ts';
import { Storm } from './storm.ts';

/** Each round ends the daemon at least once; more rounds make a soak of it. */
const ROUNDS = Number(process.env.PROCCTL_STORM_ROUNDS ?? 50);
const SEED = Number(process.env.PROCCTL_STORM_SEED ?? Date.now() % 1_000_000);
const SHELLS = 4;
const COMMANDS_PER_ROUND = 2;
const MAX_LIFE_OF_DAEMON_MS = 700;

it(
  `promise 1, 6: ${ROUNDS} rounds of SIGKILL for the daemon leave one instance a name, and every acknowledged command true`,
  async () => {
    const home = new TestHome();
    const storm = new Storm(home, { seed: SEED, shells: SHELLS });
    let kills = 0;
    const killDaemon = (): void => {
      const owner = lockOwner(home.path);
      if (owner === undefined) return;
      try {
        process.kill(owner.pid, 'SIGKILL');
      } catch {
        return; // it was faster
      }
      kills += 1;
      storm.note(`killed daemon ${owner.pid}`);
    };
    await home.ok(['daemon', 'start']);
    for (let round = 1; round <= ROUNDS; round += 1) {
      storm.note(`round ${round}`);
      const before = kills;
      let isOver = false;
      const shells = Promise.all(Array.from({ length: SHELLS }, (_, shell) => storm.run(shell, COMMANDS_PER_ROUND)));
      const done = shells.finally(() => {
        isOver = true;
      });
      const killing = (async () => {
        while (!isOver) {
          await sleep(storm.random() * MAX_LIFE_OF_DAEMON_MS);
          if (!isOver || kills === before) killDaemon();
        }
      })();
      const watching = (async () => {
        while (!isOver) {
          storm.lookForTwins();
          await sleep(50);
        }
      })();
      await Promise.all([done, killing, watching]);
      await home.ok(['daemon', 'start']);
      await storm.check();
    }
    expect(kills).toBeGreaterThanOrEqual(ROUNDS);
    // Only what is listed is left on the disk.
    const ids = (await home.list()).map(({ id }) => String(id)).sort();
    await waitFor(
      () => {
        const files = readdirSync(join(home.path, 'processes')).sort();
        return JSON.stringify(files) === JSON.stringify(ids);
      },
      `nothing but ${ids.join(', ')} among the processes on disk`,
      5_000,
    );
    expect(readFileSync(home.path.concat('/daemon.log'), 'utf8')).not.toMatch(/internal error|damaged/);
  },
  60_000 + ROUNDS * 10_000,
);
