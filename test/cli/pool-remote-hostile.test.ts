// A Redis that takes nothing for a while, and strangers who write to it.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordsOf, runProcctl, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';
import { hasRedis, type TestRedis, withRedis } from '../helpers/redis.ts';

const times = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

const begin = (redis: TestRedis, tasks: readonly unknown[], ...args: string[]) =>
  startProcctl(['pool', '--on', redis.url, '--json', ...args, '-'], { input: JSON.stringify(tasks) });

/** Tasks that run while something happens, and what their records have to say. */
const many = Array.from({ length: 100 }, (_, index) => `sleep 0.1; head -c 3000 /dev/zero | tr '\\0' a; echo ${index}`);
const told = (stdout: Buffer): readonly unknown[][] =>
  recordsOf(stdout)
    .sort((a, b) => a.seq - b.seq)
    .map((record) => [record.state, record.attempts, record.stdout]);
const expected = many.map((_, index) => ['succeeded', 1, `${'a'.repeat(3000)}${index}\n`]);

describe.runIf(hasRedis)('a Redis that takes nothing for a while', { concurrent: true, timeout: 120_000 }, () => {
  it.each([
    ['since its memory is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ['since it has become a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  ])('%s, costs no task; both sides say so once, and go on', async (_why, refuse, take) => {
    await withRedis(async (redis) => {
      const worker = await redis.worker(['--size', '4', '--lock', '3s']);
      const pool = begin(redis, many, '--size', '20');
      try {
        await waitFor(() => times(pool.stdout.toString('latin1'), /\n/g) >= 8, 'some have ended');
        redis.cli(...refuse);
        await waitFor(
          () => [pool, worker].every(({ stderr }) => stderr.includes('takes nothing for now')),
          'both say so',
        );
        redis.cli(...take);
        const { code, stdout, stderr } = await pool.ended;
        expect(told(stdout)).toEqual(expected);
        expect(code).toBe(0);
        for (const text of [stderr, worker.stderr]) {
          expect(times(text, /takes nothing for now/g)).toBe(1);
          expect(times(text, /takes something again/g)).toBe(1);
        }
        expect(redis.leftKeys()).toEqual([]);
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('can be left while it does so', async () => {
    await withRedis(async (redis) => {
      redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      const pool = begin(redis, many);
      await waitFor(() => pool.stderr.includes('takes nothing for now'), 'it says so');
      pool.signal('SIGINT');
      const { code, stdout } = await pool.ended;
      expect(code).toBe(130);
      expect(new Set(recordsOf(stdout).map(({ state }) => state))).toEqual(new Set(['cancelled']));
      await pool.discard();
    });
  });
  it('and is a replica from the beginning is not what they want: they end at once, with the name of its master', async () => {
    await withRedis(async (master) => {
      await withRedis(
        async (replica) => {
          for (const words of [
            ['worker', replica.url],
            ['pool', '--on', replica.url, '--quiet', '--', 'echo', ':::', 'a'],
          ]) {
            const { code, stderr } = await runProcctl(words);
            expect(code).toBe(125);
            expect(stderr).toContain('is a replica, and takes nothing (use its master, 127.0.0.1)');
          }
        },
        '--replicaof',
        '127.0.0.1',
        String(master.port),
      );
    });
  });
});

describe.runIf(hasRedis)('strangers who write to the queue', { concurrent: true, timeout: 120_000 }, () => {
  it('bring no pool to a stop, and change no output, by events, progress and output that make no sense', async () => {
    await withRedis(async (redis) => {
      const worker = await redis.worker(['--size', '4']);
      const pool = begin(redis, many, '--size', '20');
      const event = (...fields: readonly string[]) => redis.cli('XADD', 'bull:procctl:events', '*', ...fields);
      try {
        for (let round = 0; round < 5; round += 1) {
          await waitFor(() => times(pool.stdout.toString('latin1'), /\n/g) >= 4 + round * 15, 'some have ended');
          const [jobId = 'x'] = redis.cli('LRANGE', 'bull:procctl:active', '0', '-1');
          const progress = { version: 1, host: '\u001b]0;evil\u0007', taskPid: 1, slot: 1, streams: true };
          for (const execution of [9_007_199_254_740_991, 4e9, -1, 1.5, 77, '__proto__'])
            event('event', 'progress', 'jobId', jobId, 'data', JSON.stringify({ ...progress, execution }));
          event('event', 'progress', 'jobId', jobId, 'data', '[]');
          event('event', 'stalled', 'jobId', '__proto__');
          event('event', 'completed', 'jobId', 'nobody', 'returnvalue', '{"version":1,"exitCode":0}');
          for (const fields of [
            ['n', '-1'],
            ['n', '1e3'],
            ['n', '99'],
            ['s', 'o'],
            ['n', ''],
            ['n', 'NaN'],
          ])
            redis.cli('XADD', `procctl:procctl:output:${jobId}:1`, '*', ...fields, 'd', 'forged');
          // BullMQ stops at these.
          event('event', round % 2 === 0 ? 'progress' : 'completed', 'jobId', jobId, 'data', '{', 'returnvalue', '{');
        }
        const { code, stdout, stderr } = await pool.ended;
        // Who writes to Redis can make a task fail; then it is told as failed, without what it wrote.
        const results = told(stdout);
        const others = results.filter(([state]) => state === 'succeeded');
        expect(results.length).toBe(expected.length);
        expect(others.length, 'of each round, one task was attacked').toBeGreaterThanOrEqual(expected.length - 5);
        for (const [index, result] of results.entries())
          if (result[0] === 'succeeded') expect(result).toEqual(expected[index]);
        expect(code).toBe(others.length === expected.length ? 0 : 1);
        expect(stderr).not.toContain('\u001b');
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('invent no success, and change no output, where there is a key', async () => {
    await withRedis(async (redis) => {
      const env = { PROCCTL_QUEUE_KEY: 'k' };
      const directory = scratch();
      const worker = await redis.worker(['--size', '4'], { env, cwd: directory });
      const waits = 'while test ! -e go; do sleep 0.05; done';
      const pool = startProcctl(['pool', '--on', redis.url, '--json', '-'], {
        env,
        input: JSON.stringify([
          'head -c 200000 /dev/zero',
          'echo short',
          `: >a1; ${waits}`,
          `head -c 5000 /dev/zero; : >a2; ${waits}; echo more`,
        ]),
      });
      try {
        await waitFor(() => ['a1', 'a2'].every((name) => readdirSync(directory).includes(name)), 'two are at work');
        const active = redis.cli('LRANGE', 'bull:procctl:active', '0', '-1');
        const jobOf = (seq: number): string => active.find((id) => id.endsWith(`-${seq}-1`)) ?? 'none';
        await waitFor(
          () => redis.cli('EXISTS', `procctl:procctl:output:${jobOf(4)}:1`)[0] === '1',
          'output of the fourth',
        );
        const end = { version: 1, exitCode: 0, execution: 1, output: { chunks: 0, inline: [['o', 'Zm9yZ2Vk']] } };
        const event = ['event', 'completed', 'jobId', jobOf(3), 'returnvalue', JSON.stringify(end)];
        redis.cli('XADD', 'bull:procctl:events', '*', ...event);
        redis.cli('XADD', `procctl:procctl:output:${jobOf(4)}:1`, '*', 'n', '1', 's', 'o', 'd', 'forged');
        await waitFor(() => times(pool.stdout.toString('latin1'), /\n/g) >= 3, 'three have settled');
        writeFileSync(join(directory, 'go'), '');
        const { stdout } = await pool.ended;
        const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
        expect(records.map(({ state, error }) => error?.code ?? state)).toEqual([
          'succeeded',
          'succeeded',
          'ERR_SIGNATURE',
          'ERR_SIGNATURE',
        ]);
        expect(records[0]?.stdout).toBe('\0'.repeat(200_000));
        expect(records[2]?.stdout).toBe('');
      } finally {
        await worker.discard();
        await pool.discard();
      }
    });
  });
  it('find the password nowhere: not in a journal, in results, in files, in lists of processes or in Redis', async () => {
    const password = 'pa55w0rd-that-nobody-is-to-see';
    await withRedis(
      async (redis) => {
        const env = { PROCCTL_REDIS_PASSWORD: password, PROCCTL_QUEUE_KEY: 'k3y-that-nobody-is-to-see' };
        const directory = scratch();
        const worker = await redis.worker(['--size', '2'], { env, cwd: directory });
        const secret = /pa55w0rd|k3y-that/;
        const texts: string[] = [];
        const collect = (path: string): void => {
          for (const name of readdirSync(path)) {
            const file = join(path, name);
            const entry = statSync(file);
            if (entry.isDirectory()) collect(file);
            else if (entry.isFile()) texts.push(readFileSync(file, 'latin1'));
          }
        };
        const words = ['pool', '--on', redis.url.replace('//', `//:${password}@`), '--json', '--journal', 'journal'];
        const pool = startProcctl([...words, '--results', 'results', '--retries', '1', '-'], {
          input: JSON.stringify([
            'env; cat /proc/$PPID/cmdline',
            ': >at-work; env; while test ! -e go; do sleep 0.1; done',
            'exit 1',
          ]),
          env,
          cwd: directory,
        });
        try {
          await waitFor(() => readdirSync(directory).includes('at-work'), 'a task is at work');
          for (const { pid } of [...pool.family(), ...worker.family(), pool, worker]) {
            texts.push(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
          }
          for (const key of redis.cli('--no-auth-warning', '-a', password, '--raw', 'KEYS', '*')) {
            texts.push(redis.cli('--no-auth-warning', '-a', password, '--raw', 'DUMP', key).join('\n'));
          }
          texts.push(redis.cli('--no-auth-warning', '-a', password, 'CLIENT', 'LIST').join('\n'));
          for (const path of [directory, dirname(pool.tmp), dirname(worker.tmp)]) collect(path);
          writeFileSync(join(directory, 'go'), '');
          const { stdout, stderr } = await pool.ended;
          texts.push(stdout.toString('latin1'), stderr, worker.stderr);
          for (const path of [directory, dirname(worker.tmp)]) collect(path);
          expect(texts.length).toBeGreaterThan(15);
          expect(texts.filter((text) => secret.test(text))).toEqual([]);
        } finally {
          await worker.discard();
          await pool.discard();
        }
      },
      '--requirepass',
      password,
    );
  });
});
