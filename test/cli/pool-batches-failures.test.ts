import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Batches } from '../helpers/batches.ts';
import { recordsOf, scratch, waitFor } from '../helpers/procctl.ts';
import { hasRedis, type TestRedis, withRedis } from '../helpers/redis.ts';

const withBatches = (use: (batches: Batches, redis: TestRedis) => Promise<void>, ...args: string[]): Promise<void> =>
  withRedis((redis) => use(new Batches(redis), redis), ...args);

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];

describe.runIf(hasRedis)('a batch that was handed over', { concurrent: true }, () => {
  it('goes on with the next attempt when a worker was killed before it had put that into the queue', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const name = await batches.detach([`echo $PROCCTL_ATTEMPT >>${directory}/ran`], ['--retries', '1']);
      // As its worker has left it: the first attempt has settled, and its job is still there.
      const [meta = ''] = batches.keys().filter((key) => key.endsWith(':meta'));
      redis.cli('HSET', meta.replace(/meta$/, 'state'), '1', '2:w:0:0:0:failed');
      redis.cli(
        'XADD',
        meta.replace(/meta$/, 'log'),
        '*',
        ...'k end s 1 a 1 x 1 st failed f 0 d 0'.split(' '),
        'r',
        '{}',
      );
      const worker = await redis.worker();
      try {
        const { code, records } = await batches.follow(name);
        expect(code).toBe(0);
        expect(records).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
        expect(linesOf(join(directory, 'ran'))).toEqual(['2']);
      } finally {
        await worker.discard();
      }
    });
  });
  it('takes nothing from a worker that was stopped, lost its lock, and goes on', async () => {
    await withBatches(async (batches, redis) => {
      const file = join(scratch(), 'a');
      const zombie = await redis.worker(['--size', '1', '--lock', '2s']);
      const task = `echo x >>${file}; echo begun; test $(wc -l <${file}) -ge 2 && exit 0; sleep 67.3; exit 5`;
      const name = await batches.detach([task]);
      try {
        await waitFor(() => linesOf(file).length === 1, 'the task is at work');
        zombie.signal('SIGSTOP');
        const other = await redis.worker(['--size', '1', '--lock', '2s']);
        await waitFor(() => linesOf(file).length === 2, 'it runs elsewhere');
        const { code, records } = await batches.follow(name);
        expect(code).toBe(0);
        expect(records.map(({ state, attempts, stdout }) => [state, attempts, stdout])).toEqual([
          ['succeeded', 1, 'begun\n'],
        ]);
        zombie.signal('SIGCONT');
        await waitFor(() => zombie.stderr.includes('its lock is lost'), 'the zombie notices');
        expect(batches.ends()).toEqual(['1 1']);
        await other.discard();
      } finally {
        await zombie.discard();
      }
    });
  });
  it('gives up a task whose workers are lost again and again, and no other', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const name = await batches.detach([`echo x >>${directory}/ran; sleep 61.2`, 'echo fine']);
      const [state = ''] = batches
        .keys()
        .map((key) => key.replace(/meta$/, 'state'))
        .filter((key) => key.endsWith(':state'));
      redis.cli('HSET', state, '1', '1:r:5:4:0:-');
      const worker = await redis.worker();
      try {
        const { records } = await batches.follow(name);
        expect(records.map(({ error, state: end }) => error?.code ?? end)).toEqual(['ERR_WORKER_LOST', 'succeeded']);
        expect(existsSync(join(directory, 'ran'))).toBe(false);
      } finally {
        await worker.discard();
      }
    });
  });
  it('goes back to the queue from a worker that has to end, as the same attempt', async () => {
    await withBatches(async (batches, redis) => {
      const file = join(scratch(), 'a');
      const first = await redis.worker(['--drain-timeout', '0.1s']);
      const name = await batches.detach([
        `echo $PROCCTL_ATTEMPT >>${file}; echo here; test $(wc -l <${file}) -ge 2 || sleep 61.5`,
      ]);
      const follower = batches.start(['--follow', name, '--json']);
      try {
        await waitFor(() => linesOf(file).length === 1, 'the task is at work');
        first.signal('SIGTERM');
        expect((await first.ended).code).toBe(0);
        const second = await redis.worker();
        const { code, stdout } = await follower.ended;
        expect(code).toBe(0);
        expect(recordsOf(stdout)).toMatchObject([{ attempts: 1, stdout: 'here\n' }]);
        expect(linesOf(file)).toEqual(['1', '1']);
        await second.discard();
      } finally {
        await Promise.all([first.discard(), follower.discard()]);
      }
    });
  });
  it('is followed through a restart of Redis, and line by line while it runs', async () => {
    await withBatches(
      async (batches, redis) => {
        const directory = scratch();
        const worker = await redis.worker();
        const script = `i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); [ $((i % 20)) -eq 0 ] && sleep 0.1; done; until [ -e ${directory}/go ]; do sleep 0.05; done; echo end`;
        const name = await batches.detach([script, 'echo other']);
        const follower = batches.start(['--follow', name, '--output', 'line']);
        try {
          await waitFor(() => follower.stdout.includes('line 30\n'), 'it comes while the task runs');
          await redis.end('SIGKILL');
          await waitFor(() => follower.stderr.includes('cut off from'), 'the follower notices');
          await redis.begin();
          await waitFor(() => follower.stdout.includes('line 399\n'), 'all comes that was written so far');
          writeFileSync(join(directory, 'go'), '');
          const { code, stdout } = await follower.ended;
          expect(code).toBe(0);
          const lines = stdout
            .toString()
            .split('\n')
            .filter((line) => line !== 'other' && line !== '');
          expect(lines).toEqual([...Array.from({ length: 400 }, (_, n) => `line ${n}`), 'end']);
        } finally {
          await Promise.all([worker.discard(), follower.discard()]);
        }
      },
      '--appendfsync',
      'always',
    );
  });
  it('told to end is not followed forever: 125 when Redis does not come back, 141 when nobody reads', async () => {
    await withBatches(async (batches, redis) => {
      const worker = await redis.worker();
      const name = await batches.detach(Array.from({ length: 50 }, () => 'head -c 100000 /dev/zero'));
      const unread = batches.start(['--follow', name], { isReaderAsleep: true });
      const waiting = await batches.detach(['sleep 60'], ['--name', 'waiting']);
      const follower = batches.start(['--follow', waiting, '--connect-timeout', '1s']);
      try {
        await unread.leave('after a look');
        expect((await unread.ended).code).toBe(141);
        await waitFor(() => redis.cli('CLIENT', 'LIST').some((line) => line.includes('cmd=xread ')), 'it is followed');
        await redis.end('SIGKILL');
        const ended = await follower.ended;
        expect(ended.code).toBe(125);
        expect(ended.stderr).toMatch(/(?:cannot be reached|has not come back) within 1s/);
      } finally {
        await Promise.all([worker.discard(), follower.discard(), unread.discard()]);
      }
    });
  });
  it('whose Redis is lost leaves nothing of its follower behind, which says how to join again', async () => {
    await withBatches(async (batches, redis) => {
      const worker = await redis.worker(['--size', '2']);
      const large = 'head -c 3000000 /dev/zero | tr "\\0" x';
      const name = await batches.detach(['sleep 60', 'echo done', large]);
      const words = ['--follow', name, '-k', '--connect-timeout', '1s'];
      const follower = batches.start(words);
      try {
        await waitFor(() => readdirSync(follower.tmp).length > 0, 'output is on its disk');
        await redis.end('SIGKILL');
        const ended = await follower.ended;
        expect(ended.code).toBe(125);
        expect(ended.stderr).toContain(`To join again: procctl pool --follow ${name} --on ${redis.url}`);
        expect(ended.stderr.trimEnd().split('\n').at(-1)).toMatch(/within 1s/);
        expect(ended.leftFiles).toEqual([]);
      } finally {
        await Promise.all([worker.discard(), follower.discard()]);
      }
    });
  });
  it('goes on once Redis takes something again, though nobody follows', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      const name = await batches.detach(
        [`: >${directory}/begun; until [ -e ${directory}/go ]; do sleep 0.05; done; exit 1`, 'echo 2'],
        ['--retries', '1'],
      );
      const worker = await redis.worker(['--size', '1']);
      try {
        await waitFor(() => existsSync(join(directory, 'begun')), 'the task is at work');
        redis.cli('CONFIG', 'SET', 'maxmemory', '1');
        writeFileSync(join(directory, 'go'), '');
        await waitFor(() => worker.stderr.includes('OOM'), 'the worker notices');
        redis.cli('CONFIG', 'SET', 'maxmemory', '0');
        await waitFor(async () => (await batches.list())[0]?.state === 'ended', 'it has ended');
        const { records } = await batches.follow(name);
        expect(records.map(({ state, attempts }) => [state, attempts])).toEqual([
          ['failed', 2],
          ['succeeded', 1],
        ]);
      } finally {
        await worker.discard();
      }
    });
  });
  it('keeps no worker that has to end for longer than tasks may take, though Redis takes nothing', async () => {
    await withBatches(async (batches, redis) => {
      const directory = scratch();
      await batches.detach([`: >${directory}/begun; until [ -e ${directory}/go ]; do sleep 0.05; done`]);
      const worker = await redis.worker(['--drain-timeout', '500ms', '--lock', '10m']);
      try {
        await waitFor(() => existsSync(join(directory, 'begun')), 'the task is at work');
        redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
        writeFileSync(join(directory, 'go'), '');
        await waitFor(() => worker.stderr.includes('NOREPLICAS'), 'the worker notices');
        worker.signal('SIGTERM');
        expect((await worker.ended).code).toBe(0);
        expect(await batches.list()).toMatchObject([{ state: 'running', succeeded: 0 }]);
      } finally {
        await worker.discard();
      }
    });
  });
  it('is refused in one line by a Redis whose memory is full, and nothing of it is left', async () => {
    await withBatches(async (batches, redis) => {
      redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      const { code, stderr, stdout } = await batches.run(['--detach', '-'], { input: '["echo 1"]' });
      expect(code).toBe(125);
      expect(stdout).toHaveLength(0);
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^procctl: redis:.*: OOM /);
      expect(stderr).not.toContain('internal error');
      expect(batches.keys()).toEqual([]);
    });
  });
  it('loses nothing of what was kept: what is not there any more fails its task, in the eyes of who comes late', async () => {
    await withBatches(async (batches, redis) => {
      const worker = await redis.worker();
      try {
        const name = await batches.detach(['head -c 50000 /dev/zero', 'echo fine']);
        expect((await batches.follow(name)).code).toBe(0);
        for (const key of batches.keys().filter((one) => one.includes(':output:'))) redis.cli('DEL', key);
        const { code, records } = await batches.follow(name);
        expect(code).toBe(1);
        expect(records.map(({ state, error }) => error?.code ?? state)).toEqual(['ERR_OUTPUT_LOST', 'succeeded']);
      } finally {
        await worker.discard();
      }
    });
  });
});
