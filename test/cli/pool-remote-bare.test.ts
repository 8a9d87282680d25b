// The job format as an interface: one side is procctl, the other BullMQ and nothing else.
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { recordsOf, runProcctl, scratch } from '../helpers/procctl.ts';
import { hasRedis, type TestRedis, withRedis } from '../helpers/redis.ts';

const connectionTo = ({ port }: TestRedis) => ({ host: '127.0.0.1', port, maxRetriesPerRequest: null });

/** Puts a job in, as any program may, and waits for what it returns. */
const withProducer = async (
  redis: TestRedis,
  use: (queue: Queue, events: QueueEvents) => Promise<void>,
): Promise<void> => {
  const connection = connectionTo(redis);
  const queue = new Queue('procctl', { connection });
  // From the beginning: an end that comes before it listens would be missed.
  const events = new QueueEvents('procctl', { connection, lastEventId: '0' });
  await events.waitUntilReady();
  try {
    await use(queue, events);
  } finally {
    await events.close();
    await queue.close();
  }
};

describe.runIf(hasRedis)('a worker of procctl', { concurrent: true }, () => {
  it('runs what a bare BullMQ producer puts in, and returns how it ended', async () => {
    await withRedis(async (redis) => {
      const worker = await redis.worker();
      await withProducer(redis, async (queue, events) => {
        const ask = async (data: object) => (await queue.add('any name', data)).waitUntilFinished(events, 30_000);
        const said = await ask({ version: 1, task: 'echo out; echo err >&2; exit 3', output: 'stream' });
        expect(said).toMatchObject({
          version: 1,
          exitCode: 3,
          signal: null,
          error: null,
          slot: 1,
          execution: 1,
          timedOutMs: null,
        });
        const text = (letter: string) =>
          said.output.inline
            .filter(([name]: [string]) => name === letter)
            .map(([, part]: [string, string]) => atob(part))
            .join('');
        expect([text('o'), text('e')]).toEqual(['out\n', 'err\n']);
        expect(await ask({ version: 1, task: { command: ['sleep', '9'], timeout: '50ms' } })).toMatchObject({
          signal: 'SIGTERM',
          timedOutMs: 50,
          output: { chunks: 0, bytes: 0 },
        });
        expect(await ask({ version: 1, task: ['no-such-program'] })).toMatchObject({
          error: { code: 'ERR_NOT_FOUND' },
        });
      });
      await worker.discard();
    });
  });
  it('begins none of many that are not wanted, and asks Redis about the others before it has them', async () => {
    await withRedis(async (redis) => {
      await withProducer(redis, async (queue, events) => {
        redis.cli('SET', 'procctl:procctl:batch:here', '1');
        const batches = [undefined, 'here', 'gone'] as const;
        const jobs = [...Array(90).keys()].map((number) => ({
          isEnded: number % 5 === 4,
          batch: batches[number % 3],
          opts: { jobId: `job-${number}` },
        }));
        for (const { isEnded, opts } of jobs) if (isEnded) redis.cli('SET', `procctl:procctl:end:${opts.jobId}`, 'now');
        const added = await queue.addBulk(
          jobs.map(({ batch, opts }) => ({ name: 'any', data: { version: 1, task: ':', batch }, opts })),
        );
        const worker = await redis.worker(['--size', '4']);
        for (const [at, job] of added.entries()) {
          const { isEnded, batch } = jobs[at] as (typeof jobs)[number];
          const isWanted = !isEnded && batch !== 'gone';
          const code = isWanted ? undefined : 'ERR_NOT_STARTED';
          expect([at, (await job.waitUntilFinished(events, 30_000)).error?.code]).toEqual([at, code]);
        }
        // Who asks before reads the list of what is being done. It is to fit what BullMQ does.
        const foreseen = /^cmdstat_lrange:calls=(\d+)/m.exec(redis.cli('INFO', 'commandstats').join('\n'));
        expect(Number(foreseen?.[1])).toBeGreaterThan(0);
        const alone = /^cmdstat_mget:calls=(\d+)/m.exec(redis.cli('INFO', 'commandstats').join('\n'));
        expect(Number(alone?.[1])).toBeLessThan(90);
        await worker.discard();
      });
    });
  });

  it('gives what is long as pieces in a stream, numbered, with the key that the page names', async () => {
    await withRedis(async (redis) => {
      const worker = await redis.worker();
      await withProducer(redis, async (queue, events) => {
        const job = await queue.add('x', { version: 1, task: 'yes | head -c 200000', output: 'stream' });
        const end = await job.waitUntilFinished(events, 30_000);
        expect(end).toMatchObject({ exitCode: 0, output: { bytes: 200_000 } });
        const client = new Redis(connectionTo(redis));
        const pieces = await client.xrange(`procctl:procctl:output:${job.id}:${end.execution}`, '-', '+');
        client.disconnect();
        expect(pieces.map(([, [, number]]) => Number(number))).toEqual([...Array(end.output.chunks).keys()]);
        expect(pieces.map(([, fields]) => fields[5]).join('')).toBe('y\n'.repeat(100_000));
      });
      await worker.discard();
    });
  });
  it.each([
    ['no object', 'text', 'expected an object'],
    ['another version', { version: 2, task: 'true' }, 'version: expected 1, got 2'],
    ['no task', { version: 1 }, 'task: expected a command line'],
    ['a misspelt key', { version: 1, task: { cmd: 'true' } }, 'task.cmd: unknown key; did you mean "command"?'],
    ['a signal there is not', { version: 1, task: 'true', ending: [['SIGNO', 1]] }, 'ending: expected pairs'],
  ])('lets a job fail that is none (%s), and goes on', async (_what, data, reason) => {
    await withRedis(async (redis) => {
      const worker = await redis.worker();
      await withProducer(redis, async (queue, events) => {
        const job = await queue.add('x', data);
        await expect(job.waitUntilFinished(events, 30_000)).rejects.toThrow(`ERR_JOB: ${reason}`);
        const good = await queue.add('x', { version: 1, task: 'true' });
        expect(await good.waitUntilFinished(events, 30_000)).toMatchObject({ exitCode: 0 });
      });
      await worker.discard();
    });
  });
  it('takes the signature that the page describes', async () => {
    await withRedis(async (redis) => {
      const worker = await redis.worker([], { env: { PROCCTL_QUEUE_KEY: 'k' } });
      await withProducer(redis, async (queue, events) => {
        const text = 'procctl-job-1\nprocctl\nmy-job\n{"task":{"command":"true"},"version":1}';
        const signature = createHmac('sha256', 'k').update(text).digest('hex');
        const data = { version: 1, task: { command: 'true' }, signature };
        const job = await queue.add('x', data, { jobId: 'my-job' });
        expect(await job.waitUntilFinished(events, 30_000)).toMatchObject({ exitCode: 0 });
        const copied = await queue.add('x', data, { jobId: 'other-job' });
        await expect(copied.waitUntilFinished(events, 30_000)).rejects.toThrow('ERR_SIGNATURE');
      });
      await worker.discard();
    });
  });
});

describe.runIf(hasRedis)('a pool of procctl', { concurrent: true }, () => {
  it('has its tasks done by a bare BullMQ worker, whatever that returns', async () => {
    await withRedis(async (redis) => {
      const process = async ({ data }: Job) => {
        if (data.task.command === 'bad') throw new Error('no such thing');
        if (data.task.command === 'value') return { any: ['thing'] };
        const exitCode = data.task.command === 'three' ? 3 : 0;
        const inline = [['o', Buffer.from(`did ${data.task.command}`).toString('base64')]];
        return { version: 1, exitCode, output: { chunks: 0, inline }, host: 'elsewhere', durationMs: 5 };
      };
      const worker = new Worker('procctl', process, { connection: connectionTo(redis), concurrency: 4 });
      try {
        const directory = scratch();
        writeFileSync(join(directory, 'tasks.json'), JSON.stringify(['zero', 'three', 'bad', 'value']));
        const { code, stdout } = await runProcctl(['pool', '--on', redis.url, '--json', 'tasks.json'], {
          cwd: directory,
        });
        expect(code).toBe(1);
        const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
        expect(records).toMatchObject([
          { state: 'succeeded', exitCode: 0, stdout: 'did zero', host: 'elsewhere', durationMs: 5 },
          { state: 'failed', exitCode: 3, stdout: 'did three' },
          { state: 'failed', exitCode: null, error: { code: 'ERR_WORKER', message: 'no such thing' } },
          { state: 'succeeded', result: { any: ['thing'] } },
        ]);
        expect(redis.leftKeys()).toEqual([]);
      } finally {
        await worker.close();
      }
    });
  });
});
