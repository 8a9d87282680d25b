// A connection that stands, and on which nothing comes.
import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { recordsOf, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';
import { hasRedis, withRedis } from '../helpers/redis.ts';

const times = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

/** Lets through what a client sends, a little at a time while it is slow. */
const slowProxy = async (port: number, isSlow: () => boolean): Promise<{ readonly port: number; close(): void }> => {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server: Server = createServer((client) => {
    keep(client);
    const there = keep(connect(port, '127.0.0.1'));
    there.pipe(client);
    client.on('data', async (bytes: Buffer) => {
      there.write(bytes);
      if (bytes.length < 10_000 || !isSlow()) return;
      client.pause();
      await sleep(200);
      client.resume();
    });
    client.on('close', () => there.destroy());
    there.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

describe.runIf(hasRedis)('a Redis that says nothing', { concurrent: true, timeout: 120_000 }, () => {
  it('counts as away after a time; both sides go on when it speaks again, and say so once', async () => {
    await withRedis(async (redis) => {
      const directory = scratch();
      const worker = await redis.worker(['--size', '2']);
      const pool = startProcctl(['pool', '--on', redis.url, '--json', '-'], {
        input: JSON.stringify([
          `: >${directory}/a; while test ! -e ${directory}/go; do sleep 0.1; done`,
          'echo b',
          'echo c',
        ]),
      });
      try {
        await waitFor(() => existsSync(`${directory}/a`), 'a task is at work');
        redis.freeze(true);
        await waitFor(() => [pool, worker].every(({ stderr }) => stderr.includes('cut off from')), 'both notice');
        redis.freeze(false);
        await waitFor(() => [pool, worker].every(({ stderr }) => stderr.includes('is back after')), 'both are back');
        writeFileSync(`${directory}/go`, '');
        const { code, stdout } = await pool.ended;
        expect(code).toBe(0);
        expect(recordsOf(stdout).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
        for (const { stderr } of [pool, worker]) {
          expect(times(stderr, /cut off from/g)).toBe(1);
          expect(times(stderr, /is back after/g)).toBe(1);
        }
        expect(redis.leftKeys()).toEqual([]);
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('and does not come back ends both with 125, also a worker that has nothing to do', async () => {
    await withRedis(async (redis) => {
      const idle = await redis.worker(['--connect-timeout', '1s', '--queue', 'idle']);
      const pool = startProcctl(['pool', '--on', redis.url, '--connect-timeout', '1s', '--', 'echo', ':::', 'a']);
      try {
        await waitFor(() => redis.cli('LLEN', 'bull:procctl:wait')[0] === '1', 'the task is in the queue');
        redis.freeze(true);
        const late = startProcctl(['worker', redis.url, '--connect-timeout', '1s']);
        expect((await late.ended).code).toBe(125);
        expect((await late.ended).stderr).toContain('cannot be reached within 1s');
        for (const { ended } of [idle, pool]) {
          const { code, stderr } = await ended;
          expect(code).toBe(125);
          expect(stderr).toContain('has not come back within 1s');
        }
      } finally {
        await idle.discard();
        await pool.discard();
      }
    });
  });
  it('for it is still being sent a large job is not away', async () => {
    await withRedis(async (redis) => {
      let begun = 0;
      const proxy = await slowProxy(redis.port, () => {
        begun ||= performance.now();
        return performance.now() - begun < 14_000;
      });
      const worker = await redis.worker();
      const stdin = 'x'.repeat(15_000_000);
      const pool = startProcctl(['pool', '--on', `redis://127.0.0.1:${proxy.port}`, '--json', '-'], {
        input: JSON.stringify([{ command: ['wc', '-c'], stdin }]),
      });
      try {
        const { code, stdout, stderr } = await pool.ended;
        expect(performance.now() - begun).toBeGreaterThan(11_000);
        expect(code).toBe(0);
        expect(stderr).not.toContain('cut off');
        expect(recordsOf(stdout)[0]?.stdout?.trim()).toBe('15000000');
      } finally {
        await worker.discard();
        await pool.discard();
        proxy.close();
      }
    });
  });
});
