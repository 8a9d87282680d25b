// A queue of the library in Redis.
import { existsSync, readFileSync } from 'node:fs';
import { Queue as BullQueue, Worker as BullWorker, type Job } from 'bullmq';
import {
  type ErrorCode,
  JoinableQueue,
  Pool,
  type ProcctlError,
  Process,
  Queue,
  RemoteError,
  type RemoteQueueOptions,
  WorkerLostError,
} from 'procctl';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeValue } from '../../src/protocol/values/codec.ts';
import { fixture, startFixture, withDirectory } from '../helpers/library.ts';
import { waitFor } from '../helpers/procctl.ts';
import { hasRedis, TestRedis, withRedis } from '../helpers/redis.ts';

const errorOf = async (promise: PromiseLike<unknown>): Promise<ProcctlError> => {
  try {
    await promise;
  } catch (error) {
    return error as ProcctlError;
  }
  throw new Error('was not rejected');
};
const codeOf = async (promise: PromiseLike<unknown>): Promise<ErrorCode> => (await errorOf(promise)).code;
const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
const connectionTo = ({ port }: TestRedis) => ({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
const start = (role: string, redis: TestRedis, name: string, ...rest: (string | number)[]) =>
  startFixture('remote-queue-users.mjs', [role, redis.url, name, ...rest.map(String)]);

describe('a queue with on', () => {
  it('refuses options that make no sense, and repeats nothing of an address', () => {
    const on = 'redis://me:secret@127.0.0.1:1';
    const wrong: object[] = [
      { name: undefined },
      { name: 'a:b' },
      { name: 'procctl' },
      { maxSize: 0 },
      { delivery: 'exactly-once' },
      { lockMs: 10 },
      { connectTimeoutMs: 0 },
      { on: 'http://me:secret@h' },
    ];
    for (const options of wrong) {
      try {
        new Queue({ on, name: 'a', ...options } as never);
        throw new Error('was taken');
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_OPTION' });
        expect(String(error)).not.toContain('secret');
      }
    }
    expect(() => new Queue({ name: 'a' } as never)).toThrow(TypeError);
    expect(() => new Queue({ lockMs: 1000 } as never)).toThrow(/goes with on/);
  });
  it('rejects all that wait with one error when Redis is not there in time, and tries anew', async () => {
    const queue = new JoinableQueue({ on: 'redis://127.0.0.1:1', name: 'a', connectTimeoutMs: 300 });
    const asked = [
      queue.put(1),
      queue.get(),
      queue.getNowait(),
      queue.size(),
      queue.empty(),
      queue.full(),
      queue.join(),
    ];
    for (const error of await Promise.all(asked.map(errorOf))) {
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({ code: 'ERR_REDIS', message: expect.stringContaining('cannot be reached within') });
    }
    expect(await codeOf(queue.put(1, { timeoutMs: 10_000 }))).toBe('ERR_REDIS');
    await queue.close();
  });
});

describe.runIf(hasRedis)('a queue in Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(async () => {
    const left = redis.cli('--raw', 'KEYS', '*');
    await redis.end('SIGKILL');
    expect(left).toEqual([]);
  });
  /** Of a name of its own, removed in the end. */
  const withQueue = async (
    name: string,
    options: Partial<RemoteQueueOptions>,
    use: (queue: Queue) => Promise<void>,
  ): Promise<void> => {
    const queue = new Queue({ on: redis.url, name, lockMs: 1000, ...options });
    try {
      await use(queue);
    } finally {
      await queue.remove();
    }
  };

  it('hands items out in order, each once, exactly as they were', async () => {
    await withQueue('values', {}, async (queue) => {
      const cyclic: unknown[] = [];
      cyclic.push(cyclic);
      const items = [
        1,
        'a',
        null,
        undefined,
        -0,
        7n,
        [1, { b: 'c' }],
        new Map([[1, new Date(2)]]),
        cyclic,
        Buffer.from('é'),
        { 'procctl:value': 'AAAA' },
        { 'procctl:value': 1 },
        JSON.parse('{"__proto__":1}'),
        '\ud800',
        new RangeError('r'),
      ];
      for (const item of items) await queue.put(item);
      expect(await queue.size()).toBe(items.length);
      const got: unknown[] = [];
      for (const _ of items) got.push(await queue.get());
      expect(got).toStrictEqual(items);
      expect([await queue.size(), await queue.empty(), await queue.full()]).toEqual([0, true, false]);
      const numbers = Array.from({ length: 500 }, (_, index) => index);
      const puts = numbers.map((n) => queue.put(n));
      const gets = numbers.map(() => queue.get());
      expect(await Promise.all(gets)).toEqual(numbers);
      await Promise.all(puts);
    });
  });
  it('refuses at put what cannot cross, and is as before', async () => {
    await withQueue('refusals', {}, async (queue) => {
      expect(await errorOf(queue.put({ run: () => 1 }))).toMatchObject({ code: 'ERR_SERIALIZATION', path: 'item.run' });
      const local = new Queue();
      expect(await codeOf(queue.put([local]))).toBe('ERR_SERIALIZATION');
      await local.close();
      expect(await codeOf(queue.put('x'.repeat(17 * 2 ** 20)))).toBe('ERR_JOB_SIZE');
      expect(await queue.size()).toBe(0);
    });
  });
  it('has room for maxSize items; puts wait for it, in order, or give up and put nothing', async () => {
    await withQueue('room', { maxSize: 2 }, async (queue) => {
      await queue.put(1);
      await queue.put(2);
      expect(await queue.full()).toBe(true);
      expect(await codeOf(queue.putNowait(3))).toBe('ERR_QUEUE_FULL');
      expect(await codeOf(queue.put(3, { timeoutMs: 50 }))).toBe('ERR_QUEUE_FULL');
      await expect(queue.put(3, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
      const controller = new AbortController();
      const waiting = [queue.put('a'), queue.put('b', { signal: controller.signal }), queue.put('c')];
      const refused = errorOf(waiting[1] as Promise<void>);
      controller.abort(new Error('enough'));
      expect((await refused).message).toBe('enough');
      expect([await queue.get(), await queue.get(), await queue.get(), await queue.get()]).toEqual([1, 2, 'a', 'c']);
      await waiting[2];
    });
  });
  it('says so of items that Redis could not put, and takes none that comes later for one of them', async () => {
    await withQueue('broken', {}, async (queue) => {
      await queue.put(1);
      // The script that puts fails in its middle.
      redis.cli('DEL', 'bull:broken:events');
      redis.cli('SET', 'bull:broken:events', 'no stream');
      const failed = [queue.put(2), queue.put(3)].map(errorOf);
      const errors = await Promise.all(failed);
      redis.cli('DEL', 'bull:broken:events');
      for (const error of errors) {
        expect(error).toMatchObject({ code: 'ERR_REMOTE', message: expect.stringContaining('cannot be put') });
      }
      for (const item of [4, 5, 6]) await queue.put(item);
      const got: unknown[] = [];
      while ((await queue.size()) > 0) got.push(await queue.get());
      expect(got).toEqual([1, 4, 5, 6]);
    });
    for (const key of redis.cli('--raw', 'KEYS', 'bull:broken:*')) redis.cli('DEL', key);
  });
  it('rejects with an error of its own what Redis answers by one', async () => {
    redis.cli('SET', 'bull:wrong:events', 'no stream');
    const queue = new JoinableQueue({ on: redis.url, name: 'wrong' });
    const asked = [queue.put(1), queue.get(), queue.size(), queue.join()];
    const expected = { name: 'RemoteError', code: 'ERR_REMOTE', message: expect.stringContaining('WRONGTYPE') };
    for (const error of await Promise.all(asked.map(errorOf))) expect(error).toMatchObject(expected);
    redis.cli('DEL', 'bull:wrong:events');
    await queue.put(1);
    redis.cli('DEL', 'bull:wrong:wait');
    redis.cli('SET', 'bull:wrong:wait', 'no list');
    expect(await errorOf(queue.size())).toMatchObject(expected);
    redis.cli('DEL', 'bull:wrong:wait');
    await queue.remove();
    for (const key of redis.cli('--raw', 'KEYS', 'bull:wrong:*')) redis.cli('DEL', key);
  });
  it('lets a get wait, be first in turn, and give up without swallowing an item', async () => {
    await withQueue('gets', {}, async (queue) => {
      expect(await codeOf(queue.getNowait())).toBe('ERR_QUEUE_EMPTY');
      expect(await codeOf(queue.get({ timeoutMs: 0 }))).toBe('ERR_QUEUE_EMPTY');
      expect(await codeOf(queue.get({ timeoutMs: 50 }))).toBe('ERR_QUEUE_EMPTY');
      const controller = new AbortController();
      const gets = [queue.get(), queue.get({ signal: controller.signal }), queue.get()];
      const refused = errorOf(gets[1] as Promise<unknown>);
      controller.abort(new Error('enough'));
      await queue.put('a');
      await queue.put('b');
      expect([await gets[0], (await refused).message, await gets[2]]).toEqual(['a', 'enough', 'b']);
    });
  });
  it('once closed takes no more, for anybody; what is in it is handed out, and then gets and iterations end', async () => {
    await withQueue('closed', { maxSize: 2 }, async (queue) => {
      const other = new Queue({ on: redis.url, name: 'closed', maxSize: 2, lockMs: 1000 });
      await queue.put(1);
      await queue.put(2);
      const waiting = codeOf(other.put(3));
      await queue.close();
      expect(await waiting).toBe('ERR_QUEUE_CLOSED');
      expect(await codeOf(queue.put(4))).toBe('ERR_QUEUE_CLOSED');
      const got: unknown[] = [];
      for await (const item of other) got.push(item);
      expect(got).toEqual([1, 2]);
      expect(await codeOf(queue.get())).toBe('ERR_QUEUE_CLOSED');
      expect(await codeOf(queue.getNowait())).toBe('ERR_QUEUE_CLOSED');
    });
    await withQueue('closed', {}, async (queue) => {
      const get = codeOf(queue.get());
      const other = new Queue({ on: redis.url, name: 'closed', lockMs: 1000 });
      await other.close();
      expect(await get).toBe('ERR_QUEUE_CLOSED');
    });
  });
  it('stays closed for as long as something is in it, and for a while after it was found empty', async () => {
    const expiry = (): number => Number(redis.cli('TTL', 'procctl:closing:closed')[0]);
    await withQueue('closing', {}, async (queue) => {
      await queue.put(1);
      await queue.close();
      expect(expiry()).toBe(-1);
      expect(await codeOf(queue.put(2))).toBe('ERR_QUEUE_CLOSED');
      expect(expiry()).toBe(-1);
      expect(await queue.get()).toBe(1);
      expect(await codeOf(queue.get())).toBe('ERR_QUEUE_CLOSED');
      expect(expiry()).toBeGreaterThan(0);
    });
    await withQueue('closing', {}, async (queue) => {
      await queue.put(1);
      await queue.close();
      expect(await queue.get()).toBe(1);
      expect(await codeOf(queue.put(2))).toBe('ERR_QUEUE_CLOSED');
      expect(expiry()).toBeGreaterThan(0);
    });
    await withQueue('closing', {}, async (queue) => {
      await queue.close();
      expect(expiry()).toBeGreaterThan(0);
    });
  });
  it('is the same for all who make it: other rules are refused', async () => {
    await withQueue('rules', { maxSize: 3 }, async (queue) => {
      await queue.put(1);
      for (const options of [{ maxSize: 4 }, {}, { maxSize: 3, delivery: 'at-least-once' as const }]) {
        const other = new Queue({ on: redis.url, name: 'rules', ...options });
        expect(await errorOf(other.get())).toMatchObject({
          code: 'ERR_OPTION',
          message: expect.stringContaining('the queue rules is one with maxSize 3, delivery at-most-once'),
        });
      }
    });
  });
  it('at least once: gives the item of a killed consumer to another, and not what was acknowledged', async () => {
    await withDirectory(async (path) => {
      await withQueue('leases', { delivery: 'at-least-once' }, async (queue) => {
        const hanging = start('takeAndHang', redis, 'leases', 0, 'at-least-once', path('taken'));
        await queue.put('first');
        await queue.put('second');
        await waitFor(() => linesOf(path('taken')).length === 1, 'the first is taken');
        expect(await queue.get()).toBe('second');
        // Its lease ends with the next get; that of the other one when nothing was heard of it.
        const next = queue.get();
        hanging.child.kill('SIGKILL');
        expect(await next).toBe('first');
        queue.ack('first');
        expect(() => queue.ack('first')).toThrow(/not handed out here/);
        expect(await codeOf(queue.get({ timeoutMs: 2500 }))).toBe('ERR_QUEUE_EMPTY');
      });
    });
  });
  it('keeps a lease for as long as its consumer lives', async () => {
    await withQueue('renewed', { delivery: 'at-least-once' }, async (queue) => {
      const other = new Queue({ on: redis.url, name: 'renewed', delivery: 'at-least-once', lockMs: 1000 });
      await queue.put('one');
      const item = await queue.get();
      expect(await codeOf(other.get({ timeoutMs: 3500 }))).toBe('ERR_QUEUE_EMPTY');
      queue.ack(item);
      expect(await codeOf(other.get({ timeoutMs: 100 }))).toBe('ERR_QUEUE_EMPTY');
    });
  });
  it('at most once: what a killed consumer had been handed is lost, and nothing else', async () => {
    await withDirectory(async (path) => {
      await withQueue('losses', {}, async (queue) => {
        await queue.put('first');
        await queue.put('second');
        const hanging = start('takeAndHang', redis, 'losses', 0, 'at-most-once', path('taken'));
        await waitFor(() => linesOf(path('taken')).length === 1, 'the first is taken');
        hanging.child.kill('SIGKILL');
        expect(await queue.get()).toBe('second');
        expect(await codeOf(queue.get({ timeoutMs: 2500 }))).toBe('ERR_QUEUE_EMPTY');
      });
    });
  });
  it('joinable counts what is done, on all machines, and says so when something never will be', async () => {
    for (const delivery of ['at-most-once', 'at-least-once'] as const) {
      const queue = new JoinableQueue({ on: redis.url, name: 'joined', delivery, lockMs: 1000 });
      await queue.put(1);
      await queue.put(2);
      expect(await codeOf(queue.join({ timeoutMs: 50 }))).toBe('ERR_TIMEOUT');
      const other = new JoinableQueue({ on: redis.url, name: 'joined', delivery, lockMs: 1000 });
      expect(await other.get()).toBe(1);
      expect(await queue.get()).toBe(2);
      const joined = queue.join();
      await other.taskDone();
      expect(await codeOf(other.taskDone())).toBe('ERR_STATE');
      expect(await codeOf(queue.join({ timeoutMs: 50 }))).toBe('ERR_TIMEOUT');
      await queue.taskDone();
      await joined;
      await queue.remove();
    }
    await withDirectory(async (path) => {
      const queue = new JoinableQueue({ on: redis.url, name: 'joined', lockMs: 1000 });
      await queue.put('lost');
      const joined = errorOf(queue.join());
      const taker = start('takeJoinable', redis, 'joined', 0, 'at-most-once', path('taken'));
      await waitFor(() => linesOf(path('taken')).length === 1, 'it is taken');
      taker.child.kill('SIGKILL');
      const error = await joined;
      expect(error).toBeInstanceOf(WorkerLostError);
      await queue.join();
      await queue.remove();
    });
  });
  it('takes what a bare producer of BullMQ puts in, and gives a bare worker what it holds', async () => {
    await withQueue('bare', {}, async (queue) => {
      const bare = new BullQueue('bare', { connection: connectionTo(redis) });
      await bare.add('any', { from: 'outside' });
      await bare.add('any', 7, { priority: 3 });
      expect(await queue.size()).toBe(2);
      expect([await queue.get(), await queue.get()]).toEqual([{ from: 'outside' }, 7]);
      expect(await bare.getCompletedCount()).toBe(0);
      await queue.put({ from: 'inside' });
      await queue.put(1n);
      const seen: unknown[] = [];
      const worker = new BullWorker('bare', async (job: Job) => void seen.push(job.data), {
        connection: connectionTo(redis),
      });
      await waitFor(() => seen.length === 2, 'both are taken');
      expect(seen).toEqual([{ from: 'inside' }, { 'procctl:value': encodeValue(1n).toString('base64') }]);
      await worker.close();
      await bare.close();
    });
  });
  it('believes nothing of what comes out: rubbish rejects its get, and only that', async () => {
    await withQueue('hostile', { delivery: 'at-least-once' }, async (queue) => {
      const bare = new BullQueue('hostile', { connection: connectionTo(redis) });
      const local = new Queue();
      const ofOneMachine = encodeValue(local).toString('base64');
      for (const value of ['####', Buffer.from('rubbish').toString('base64'), ofOneMachine]) {
        await bare.add('any', { 'procctl:value': value });
      }
      await bare.add('any', 'good');
      for (const _ of [1, 2, 3]) expect(await codeOf(queue.get())).toBe('ERR_SERIALIZATION');
      expect(await queue.get()).toBe('good');
      await local.close();
      await bare.close();
    });
  });
  it('lets a program that forgets it end', async () => {
    await withQueue('forgotten', {}, async () => {
      const { code, stdout, stderr } = await start('forget', redis, 'forgotten', 0, 'at-most-once').ended;
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'one 0\n', stderr: '' });
    });
  });
  it('crosses to other processes as its address: to a child, a pool of this machine, another queue, a worker', async () => {
    const target = { module: fixture('remote-queue-users.mjs'), export: 'putAll' };
    const worker = await redis.worker();
    await withQueue('crossing', { maxSize: 9 }, async (queue) => {
      const child = new Process({ target, args: [queue, [1]] }).start();
      expect(await child.result).toEqual([9, 1]);
      await child.join();
      for (const options of [{ size: 1 }, { on: redis.url }]) {
        const pool = new Pool(options);
        await pool.run(target, [queue, [2]]);
        pool.close();
        await pool.join();
      }
      await queue.put(queue);
      expect([await queue.get(), await queue.get(), await queue.get()]).toEqual([1, 2, 2]);
      expect(await queue.get()).toBe(queue);
    });
    await worker.discard();
    for (const key of ['id', 'meta', 'events', 'stalled-check', 'marker', 'stalled'])
      redis.cli('DEL', `bull:procctl:${key}`);
  });
  it.each(['at-most-once', 'at-least-once'] as const)(
    '%s: 4 producers and 4 consumers in processes of their own, of which one is killed',
    async (delivery) => {
      await withDirectory(async (path) => {
        await withQueue(`storm-${delivery}`, { maxSize: 5, delivery }, async (queue) => {
          const count = 60;
          const name = `storm-${delivery}`;
          const consumers = [0, 1, 2, 3].map((index) =>
            start('consume', redis, name, 5, delivery, path(`got${index}`)),
          );
          const producers = ['a', 'b', 'c', 'd'].map((who) => start('produce', redis, name, 5, delivery, who, count));
          const sizes: number[] = [];
          const watch = setInterval(() => void queue.size().then((size) => sizes.push(size)), 5);
          await waitFor(() => linesOf(path('got0')).length > 5, 'the first consumer is at work');
          consumers[0]?.child.kill('SIGKILL');
          for (const { code, stderr } of await Promise.all(producers.map(({ ended }) => ended)))
            expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
          await queue.close();
          for (const { code, stderr } of await Promise.all(consumers.slice(1).map(({ ended }) => ended)))
            expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
          clearInterval(watch);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(5 + (delivery === 'at-least-once' ? 1 : 0));
          const got = [0, 1, 2, 3].map((index) => linesOf(path(`got${index}`)));
          const all = got.flat();
          const different = new Set(all).size;
          if (delivery === 'at-most-once') {
            expect(all.length).toBe(different);
            // One that it had been handed; one that was on its way to it is given back, also when the queue is closed.
            expect(4 * count - different).toBeLessThanOrEqual(1);
          } else {
            expect(different).toBe(4 * count);
            expect(all.length - different).toBeLessThanOrEqual(2);
            return;
          }
          let late = 0;
          for (const lines of got) {
            for (const who of ['a', 'b', 'c', 'd']) {
              const numbers = lines.filter((line) => line.startsWith(who)).map((line) => Number(line.slice(2)));
              late += numbers.filter((number, index) => number < (numbers[index - 1] ?? 0)).length;
            }
          }
          // Only that which was given back.
          expect(late).toBeLessThanOrEqual(4 * count - different === 0 ? 1 : 0);
        });
      });
    },
  );
});

describe.runIf(hasRedis)('a Redis that is lost to a queue', { concurrent: true }, () => {
  it('and comes back has lost nothing; who waits goes on', async () => {
    await withRedis(async (redis) => {
      const queue = new Queue({ on: redis.url, name: 'a' });
      const other = new Queue({ on: redis.url, name: 'b', maxSize: 1 });
      await other.put(1);
      const get = queue.get();
      const put = other.put(2);
      await waitFor(() => redis.cli('EXISTS', 'procctl:a:rules')[0] === '1', 'it is there');
      await redis.end('SIGKILL');
      const later = queue.put('later');
      await redis.begin();
      await later;
      expect(await get).toBe('later');
      expect([await other.get(), await other.get()]).toEqual([1, 2]);
      await put;
    });
  });
  it('for good rejects all that wait, with one error', async () => {
    await withRedis(async (redis) => {
      const queue = new JoinableQueue({ on: redis.url, name: 'a', maxSize: 1, connectTimeoutMs: 1000 });
      const empty = new Queue({ on: redis.url, name: 'b', connectTimeoutMs: 1000 });
      await queue.put(1);
      expect(await empty.size()).toBe(0);
      const waiting = [queue.put(2), queue.join(), empty.get()].map(errorOf);
      await redis.end('SIGKILL');
      for (const error of await Promise.all(waiting)) {
        expect(error).toMatchObject({ name: 'RemoteError', code: 'ERR_REDIS' });
        expect(error.message).toContain('has not come back within 1s');
      }
      await empty.close();
    });
  });
  it('by a wrong password rejects, and no message and no reference has a password in it', async () => {
    await withRedis(
      async (redis) => {
        const queue = new Queue({ on: `redis://:not-this@127.0.0.1:${redis.port}`, name: 'a' });
        const error = await errorOf(queue.put(1));
        expect(error).toMatchObject({ code: 'ERR_REDIS', message: expect.stringContaining('WRONGPASS') });
        expect(`${error.message}${error.stack}`).not.toContain('not-this');
        expect(encodeValue(queue).toString('latin1')).not.toContain('not-this');
      },
      '--requirepass',
      'right',
    );
  });
  it('that forgets everything takes what is put then', async () => {
    await withRedis(async (redis) => {
      const queue = new Queue<number>({ on: redis.url, name: 'a' });
      for (const n of [1, 2, 3]) await queue.put(n);
      redis.cli('FLUSHALL');
      for (const n of [4, 5]) await queue.put(n);
      expect([await queue.get(), await queue.get()]).toEqual([4, 5]);
    });
  });
});
