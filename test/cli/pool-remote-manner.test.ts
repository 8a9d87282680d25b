import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Batches } from '../helpers/batches.ts';
import { recordsOf } from '../helpers/procctl.ts';
import { hasRedis, withRedis } from '../helpers/redis.ts';

/** tail has all of a line in memory before it writes the end of it. */
const GREEDY = 'head -c 300000000 /dev/zero | tail -n 1 | wc -c; sleep 60';

describe.runIf(hasRedis)('what a pool on Redis says of the manner of its tasks', { concurrent: true }, () => {
  it.each(['waits for it', 'has left'])(
    '--nice and --memory-max go with each task, whether the pool %s',
    async (who) => {
      await withRedis(async (redis) => {
        const batches = new Batches(redis);
        const worker = await redis.worker(['--size', '2']);
        const tasks = ['nice', ['nice'], GREEDY];
        const manner = ['--nice', '7', '--memory-max', '100M'];
        try {
          let records = [];
          if (who === 'has left') records = (await batches.follow(await batches.detach(tasks, manner))).records;
          else {
            const { stdout } = await batches.run(['--json', ...manner, '-'], { input: JSON.stringify(tasks) });
            records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
          }
          expect(records.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'failed']);
          expect(records.slice(0, 2).map(({ stdout }) => stdout)).toEqual([
            `${getPriority() + 7}\n`,
            `${getPriority() + 7}\n`,
          ]);
          expect(records[2]?.error).toMatchObject({ code: 'ERR_MEMORY_MAX' });
          expect(records[2]?.error?.message).toContain('(--memory-max)');
          const plain = await batches.run(['--', 'nice']);
          expect(plain.stdout.toString()).toBe('');
          const untouched = await batches.run(['-'], { input: '["nice"]' });
          expect(untouched.stdout.toString()).toBe(`${getPriority()}\n`);
          worker.signal('SIGTERM');
          expect((await worker.ended).left).toEqual([]);
        } finally {
          await worker.discard();
        }
      });
    },
  );
  it('--timeout by the median ends a task that takes much longer than those before it', async () => {
    await withRedis(async (redis) => {
      const batches = new Batches(redis);
      const worker = await redis.worker(['--size', '2']);
      try {
        const tasks = [
          'sleep 61.4',
          ...Array.from({ length: 5 }, () => 'sleep 0.1'),
          { command: 'sleep 2', timeout: 0 },
        ];
        const { code, stdout } = await batches.run(['--json', '--timeout', '1500%', '-'], {
          input: JSON.stringify(tasks),
        });
        expect(code).toBe(1);
        const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
        expect(records.map(({ state }) => state)).toEqual(['timedOut', ...tasks.slice(1).map(() => 'succeeded')]);
        expect(worker.family().filter(({ command }) => command.includes('61.4'))).toEqual([]);
      } finally {
        await worker.discard();
      }
    });
  });
});
