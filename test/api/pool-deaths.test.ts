// Promise 7: no call hangs. A dead worker rejects its own call, at most, and the pool heals; whatever kills it, and whenever.
import { writeFileSync } from 'node:fs';
import { Pool } from 'procctl';
import { describe, expect, it } from 'vitest';
import { fixture, isRunning, withDirectory } from '../helpers/library.ts';
import { waitFor } from '../helpers/procctl.ts';

const ROUNDS = Number(process.env.PROCCTL_DEATH_ROUNDS ?? 20);
const of = (name: string) => ({ module: fixture('deaths.mjs'), export: name });
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Moments, and what becomes of the call that dies then. */
const MOMENTS = {
  whileIdle: ['fulfilled'],
  inTheMiddle: ['rejected'],
  atOnce: ['rejected'],
  // Who exits sends all of it first.
  whileSending: ['rejected', 'fulfilled'],
  justAfter: ['fulfilled'],
} as const;

// A hundred deaths and more each, of workers that take 40 ms to start on a quiet machine.
describe.concurrent('promise 7: a worker that dies', { timeout: 240_000 }, () => {
  for (const [moment, outcomes] of Object.entries(MOMENTS)) {
    it(`${moment} rejects at most its own call, ${ROUNDS} rounds of each way`, async () => {
      const pool = new Pool({ size: 2 });
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const how of ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'exit', ...(round === 0 ? ['abort'] : [])]) {
          const others = numbers(50).map((x) => pool.run(of('echo'), [x]));
          const dying = pool.run(of(moment), [how]);
          const more = numbers(50).map((x) => pool.run(of('echo'), [x]));
          const [result] = await Promise.allSettled([dying]);
          expect([how, result?.status]).toEqual([
            how,
            expect.toSatisfy((status) => outcomes.includes(status as never)),
          ]);
          if (moment === 'whileSending') expect([how, result?.status === 'fulfilled']).toEqual([how, how === 'exit']);
          if (result?.status === 'rejected') expect(result.reason).toMatchObject({ name: 'WorkerLostError' });
          // A call that comes when the worker is about to die is one that it was at.
          const all = await Promise.allSettled([...others, ...more]);
          const lost = all.filter(({ status }) => status === 'rejected');
          expect(lost.length).toBeLessThanOrEqual(outcomes.includes('fulfilled' as never) ? 1 : 0);
        }
      }
      await waitFor(
        () => pool.stats().workers.filter(({ isReady }) => isReady).length === 2,
        'the pool is back to size',
      );
      expect(await pool.map(of('echo'), numbers(100))).toEqual(numbers(100));
      const pids = pool.stats().workers.map(({ pid }) => pid);
      pool.close();
      expect(await pool.join()).toBe(true);
      expect(pids.filter(isRunning)).toEqual([]);
    });
  }

  it('while it loads a module is replaced, and the call is made by another', async () => {
    await withDirectory(async (path) => {
      process.env.PROCCTL_TEST_TRAP = path('trap');
      for (let round = 0; round < ROUNDS; round += 1) {
        writeFileSync(path('trap'), '');
        const pool = new Pool({ size: 1 });
        const echo = { module: fixture('dies-now-and-then.mjs'), export: 'echo' };
        expect(await Promise.all([pool.run(echo, [round]), pool.run(of('echo'), ['x'])])).toEqual([round, 'x']);
        pool.terminate();
        await pool.join();
      }
      delete process.env.PROCCTL_TEST_TRAP;
    });
  });

  it('by a signal from outside, again and again, loses one call each time at most, and none is made twice', async () => {
    await withDirectory(async (path) => {
      const pool = new Pool({ size: 2 });
      const note = { module: fixture('functions.mjs'), export: 'note' };
      let kills = 0;
      const calls = numbers(3_000).map((x) => pool.run(note, [path('made'), x]));
      const settled = Promise.allSettled(calls);
      let isDone = false;
      void settled.then(() => {
        isDone = true;
      });
      while (!isDone && kills < ROUNDS) {
        const worker = pool.stats().workers.find(({ isReady, calls }) => isReady && calls > 0);
        if (worker !== undefined && kills < ROUNDS) {
          process.kill(worker.pid, 'SIGKILL');
          kills += 1;
          await waitFor(() => isDone || !pool.stats().workers.some(({ pid }) => pid === worker.pid), 'it is gone');
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      const results = await settled;
      const lost = results.filter(({ status }) => status === 'rejected').length;
      expect(lost).toBeLessThanOrEqual(kills);
      const { readFileSync } = await import('node:fs');
      const made = readFileSync(path('made'), 'utf8').trim().split('\n').map(Number);
      expect(new Set(made).size).toBe(made.length);
      for (const [index, { status }] of results.entries()) if (status === 'fulfilled') expect(made).toContain(index);
      pool.terminate();
      await pool.join();
    });
  });
});
