// A pool of the library whose calls are made by `procctl worker`.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { Queue as BullQueue, Worker as BullWorker, type Job } from 'bullmq';
import {
  type ErrorCode,
  Pool,
  ProcctlError,
  Queue,
  RemoteError,
  type RemotePoolOptions,
  WorkerLostError,
} from 'procctl';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, startFixture, withDirectory } from '../helpers/library.ts';
import { liveWithMark, type RunningProcctl, waitFor } from '../helpers/procctl.ts';
import { hasRedis, TestRedis, withRedis } from '../helpers/redis.ts';

const functions = fixture('functions.mjs');
const of = (name: string) => ({ module: functions, export: name });
const square = (x: number): number => x * x;
const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
const errorOf = async (promise: PromiseLike<unknown>): Promise<ProcctlError> => {
  try {
    await promise;
  } catch (error) {
    return error as ProcctlError;
  }
  throw new Error('was not rejected');
};
const codeOf = async (promise: PromiseLike<unknown>): Promise<ErrorCode> => (await errorOf(promise)).code;

const withPool = async (options: RemotePoolOptions, use: (pool: Pool) => Promise<void>): Promise<void> => {
  const pool = new Pool(options);
  try {
    await use(pool);
  } finally {
    pool.terminate();
    expect(await pool.join({ timeoutMs: 30_000 })).toBe(true);
  }
};

const connectionTo = ({ port }: TestRedis) => ({ host: '127.0.0.1', port, maxRetriesPerRequest: null });

describe('a pool with on', () => {
  it('refuses what only processes of this machine have, and says why and what to do', () => {
    const on = 'redis://127.0.0.1:1';
    for (const options of [{ initializer: square }, { initArgs: [] }, { maxTasksPerChild: 1 }, { maxMemoryBytes: 1 }]) {
      expect(() => new Pool({ on, ...options } as never)).toThrow(TypeError);
      expect(() => new Pool({ on, ...options } as never)).toThrow(/does not go with on: workers are started by/);
    }
    expect(() => new Pool({ queue: 'a' } as never)).toThrow(TypeError);
    expect(() => new Pool({ connectTimeoutMs: 1 } as never)).toThrow(/goes with on/);
  });
  it('refuses an address that is none, and repeats nothing of it', () => {
    for (const on of ['http://me:secret@host', 'redis://me:secret@host/x', 'redis://me:secret@', 7]) {
      try {
        new Pool({ on } as never);
        throw new Error('was taken');
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_OPTION' });
        expect(String(error)).not.toContain('secret');
      }
    }
    for (const options of [{ queue: 'a:b' }, { connectTimeoutMs: 0 }, { connectTimeoutMs: -1 }, { size: 0 }]) {
      expect(() => new Pool({ on: 'redis://h', ...options })).toThrow(ProcctlError);
    }
  });
  it('needs packages that nothing else loads, and says which line installs them', async () => {
    await withDirectory(async (path) => {
      cpSync(new URL('../../dist/lib', import.meta.url), path('lib'), { recursive: true });
      const program = `import { Pool } from './lib/index.js';
        const pool = new Pool({ on: 'redis://127.0.0.1:1' });
        const { code, message, hint } = await pool.run(() => 1).catch((error) => error);
        console.log(JSON.stringify([code, message, hint]));`;
      // What is installed with procctl, and nothing more.
      mkdirSync(path('node_modules'));
      const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
      for (const name of Object.keys(dependencies))
        symlinkSync(new URL(`../../node_modules/${name}`, import.meta.url), path(`node_modules/${name}`));
      writeFileSync(path('package.json'), '{"type":"module"}');
      writeFileSync(path('main.js'), program);
      const { stdout, stderr } = spawnSync(process.execPath, ['main.js'], { cwd: path('.'), encoding: 'utf8' });
      expect({ stdout, stderr }).toEqual({ stdout: expect.stringContaining('["ERR_REDIS"'), stderr: '' });
      expect(stdout).toContain('the package bullmq","npm install bullmq ioredis');
    });
  });
  it('connects to nobody before there is something to do, and ends without it', async () => {
    const pool = new Pool({ on: 'redis://127.0.0.1:1' });
    expect(pool.stats()).toMatchObject({ size: 500, workers: [], queued: 0, running: 0 });
    pool.close();
    expect(await pool.join()).toBe(true);
    expect(await codeOf(pool.run(square, [1]))).toBe('ERR_POOL_CLOSED');
  });
  it('rejects every call that waits, and ends every stream, with one error when Redis is not there in time', async () => {
    await withPool({ on: 'redis://127.0.0.1:1', connectTimeoutMs: 300 }, async (pool) => {
      const stream = pool.imap(square, [1, 2]);
      const errors = await Promise.all([
        errorOf(pool.run(square, [1])),
        errorOf(pool.run(square, [2])),
        errorOf(pool.map(square, [1, 2, 3])),
        errorOf(stream.next()),
      ]);
      for (const error of errors) {
        expect(error).toBeInstanceOf(RemoteError);
        expect(error).toMatchObject({ code: 'ERR_REDIS', hint: expect.stringContaining('connectTimeoutMs') });
        expect(error.message).toContain('redis://127.0.0.1:1 cannot be reached within 0.3s');
      }
      // The next call tries again.
      expect(await codeOf(pool.run(square, [1]))).toBe('ERR_REDIS');
    });
  });
});

describe.runIf(hasRedis)('a pool on Redis', () => {
  let redis: TestRedis;
  let worker: RunningProcctl;
  let pool: Pool;
  beforeAll(async () => {
    redis = await TestRedis.start();
    worker = await redis.worker(['--size', '3']);
    pool = new Pool({ on: redis.url });
  });
  afterAll(async () => {
    pool.close();
    expect(await pool.join({ timeoutMs: 30_000 })).toBe(true);
    await worker.discard();
    const left = redis.leftKeys();
    await redis.end('SIGKILL');
    expect(left).toEqual([]);
  });

  it('calls functions of modules, and functions by their text', async () => {
    expect(await pool.run(of('add'), [1, 2])).toBe(3);
    expect(await pool.run(functions, [1, 2])).toBe(3);
    expect(await pool.run(functions.href, [1, 2])).toBe(3);
    expect(await pool.run(square, [7])).toBe(49);
    expect(
      await pool.apply((name: string, { loud }: { loud: boolean }) => `${name} ${loud}`, ['a'], { loud: true }),
    ).toBe('a true');
    const result = pool.applyAsync(square, [3]);
    expect(await result.wait()).toBe(true);
    expect([result.ready(), result.successful(), await result.get()]).toEqual([true, true, 9]);
    expect((await pool.run(of('described'), [])).name).toMatch(/^PoolWorker-\d+$/);
  });
  it('carries values exactly, whether JSON has them or not', async () => {
    const cyclic: unknown[] = [1];
    cyclic.push(cyclic);
    const values = [
      undefined,
      null,
      true,
      '',
      'é\0\ud800',
      0,
      -0,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      10n ** 30n,
      new Date(5),
      new Date(Number.NaN),
      /a/gi,
      new Map<unknown, unknown>([[{ a: 1 }, new Set([1])]]),
      new Uint8Array([1, 2]),
      Buffer.from('x'),
      new Float64Array([-0]),
      new Array(3),
      Object.create(null),
      { a: undefined },
      cyclic,
      new ArrayBuffer(3),
      JSON.parse('{"__proto__":{"a":1},"b":[{}]}'),
      'x'.repeat(100_000),
    ];
    const echo = (value: unknown): unknown => value;
    for (const value of values) expect(await pool.run(echo, [value])).toStrictEqual(value);
    expect(await pool.map(echo, values)).toStrictEqual(values);
    const bytes = Buffer.alloc(3_000_000, 'abc');
    expect(bytes.equals((await pool.run(echo, [bytes])) as Buffer)).toBe(true);
    const shared = {};
    const [a, b] = (await pool.run(echo, [[shared, shared]])) as [object, object];
    expect(a).toBe(b);
    expect(await pool.run(() => {})).toBe(undefined);
  });
  it('refuses what cannot cross, there and back, and what is of one machine only', async () => {
    expect(await errorOf(pool.run((f: unknown) => f, [() => 1]))).toMatchObject({
      code: 'ERR_SERIALIZATION',
      path: 'args[0]',
    });
    expect(await errorOf(pool.run(() => () => 1))).toMatchObject({ code: 'ERR_SERIALIZATION', path: 'result' });
    const queue = new Queue();
    const refusal = await errorOf(pool.run((q: unknown) => void q, [queue]));
    expect(refusal).toMatchObject({ code: 'ERR_SERIALIZATION', hint: expect.stringContaining('new Queue({ on') });
    expect(await codeOf(pool.run((text: string) => text, ['x'.repeat(17 * 2 ** 20)]))).toBe('ERR_JOB_SIZE');
    expect(await codeOf(pool.run(() => 'x'.repeat(17 * 2 ** 20)))).toBe('ERR_RESULT');
    await queue.close();
  });
  it('rejects with what was thrown: name, message, cause, own fields, and the stack from there', async () => {
    const boom = (x: number): never => {
      const error = new RangeError(`no ${x}`, { cause: new Map([[1, 2n]]) });
      throw Object.assign(error, { extra: new Date(3) });
    };
    const error = await errorOf(pool.run(boom, [3]));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: 'RangeError', message: 'no 3', cause: new Map([[1, 2n]]), extra: new Date(3) });
    expect(error.stack).toContain('procctl-function/boom');
    await expect(
      pool.run(() => {
        throw undefined;
      }),
    ).rejects.toBe(undefined);
    expect(await errorOf(pool.run(of('nothing')))).toMatchObject({ name: 'TargetError', code: 'ERR_TARGET' });
    expect(await codeOf(pool.run('/no/such/module.js'))).toBe('ERR_TARGET');
    expect(await codeOf(pool.run(of('notAFunction')))).toBe('ERR_TARGET');
  });
  it('maps in order, whatever the size of its chunks, and rejects with the first error', async () => {
    const numbers = Array.from({ length: 2000 }, (_, index) => index);
    expect(await pool.map(square, numbers)).toEqual(numbers.map(square));
    expect(await pool.map(square, numbers, { chunkSize: 300 })).toEqual(numbers.map(square));
    expect(
      await pool.starmap(
        of('add'),
        [
          [1, 2],
          [3, 4],
        ],
        { chunkSize: 5 },
      ),
    ).toEqual([3, 7]);
    expect(await pool.map(square, [])).toEqual([]);
    const failing = (x: number): number => {
      if (x === 5) throw new RangeError('five');
      return x;
    };
    await expect(pool.map(failing, numbers, { chunkSize: 7 })).rejects.toThrow('five');
    expect(await codeOf(pool.map(square, [1, () => 1] as never))).toBe('ERR_SERIALIZATION');
  });
  it('streams: reads items a bounded way ahead, gives each error to its item, and closes what it reads', async () => {
    let read = 0;
    let isClosed = false;
    const naturals = function* (): Generator<number> {
      try {
        for (let n = 0; ; n += 1) {
          read += 1;
          yield n;
        }
      } finally {
        isClosed = true;
      }
    };
    const stream = pool.imap(square, naturals());
    expect((await stream.next()).value).toBe(0);
    await waitFor(() => pool.stats().running === 0 && read === 1025, 'it reads no further');
    expect((await stream.next()).value).toBe(1);
    await stream.return?.();
    expect(isClosed).toBe(true);
    const odd = (x: number): unknown => {
      if (x === 1) throw new Error('one');
      return x === 2 ? () => x : x;
    };
    const outcomes: unknown[] = [];
    const each = pool.imap(odd, [0, 1, 2, 3], { chunkSize: 4 });
    for (let index = 0; index < 4; index += 1) {
      outcomes.push(
        await each.next().then(
          ({ value }) => value,
          (error: Error) => error.message,
        ),
      );
    }
    expect(outcomes).toEqual([0, 'one', expect.stringContaining('is a function'), 3]);
    expect((await each.next()).done).toBe(true);
    const unordered: unknown[] = [];
    for await (const value of pool.imapUnordered(square, [1, 2, 3])) unordered.push(value);
    expect(unordered.toSorted()).toEqual([1, 4, 9]);
  });
  it('ends a call that takes too long or is aborted, where it runs, and no other', async () => {
    await withDirectory(async (path) => {
      const other = pool.run(of('waitForFile'), [path('go'), path('begun')]);
      const late = await errorOf(pool.run(of('spinForever'), [path('late')], { timeoutMs: 300 }));
      expect(late).toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT' });
      expect(late.message).toEqual(expect.stringMatching(/^spinForever of .* took longer than 300 ms$/));
      const controller = new AbortController();
      const aborted = pool.run(of('spinForever'), [path('aborted')], { signal: controller.signal });
      await waitFor(() => existsSync(path('aborted')), 'it spins');
      controller.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');
      const gone = (name: string): boolean => !existsSync(`/proc/${readFileSync(path(name), 'utf8')}`);
      await waitFor(() => gone('late') && gone('aborted'), 'both workers have ended');
      writeFileSync(path('go'), '');
      await other;
    });
  });
  it('rejects a call whose worker ends under it, says how, and passes on what was written', async () => {
    const die = (code: number): void => {
      process.stderr.write('last words\n');
      process.exit(code);
    };
    const error = await errorOf(pool.run(die, [7]));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error).toMatchObject({ exitCode: 7, signal: null, stderrTail: 'last words\n' });
    expect(await errorOf(pool.run(die, [0]))).toMatchObject({ code: 'ERR_WORKER_LOST', exitCode: 0 });
    expect(await errorOf(pool.run(() => void process.kill(process.pid, 'SIGKILL')))).toMatchObject({
      signal: 'SIGKILL',
    });
    expect(await pool.run(square, [2])).toBe(4);
  });
  it('puts no more jobs than its size into the queue, and what is more urgent first', async () => {
    await withDirectory(async (path) => {
      await withPool({ on: redis.url, size: 1 }, async (small) => {
        const first = small.run(of('waitForFile'), [path('go'), path('begun')]);
        await waitFor(() => existsSync(path('begun')), 'the first is at work');
        const order: number[] = [];
        const rest = [0, 2, 1, 2].map(async (priority, index) => {
          await small.run(square, [index], { priority });
          order.push(index);
        });
        await waitFor(() => small.stats().queued === 4, 'four wait');
        expect(small.stats().running).toBe(1);
        writeFileSync(path('go'), '');
        await Promise.all([first, ...rest]);
        expect(order).toEqual([1, 3, 2, 0]);
      });
    });
  });
  it('lets a program that forgets to close it end, with what its calls have written', async () => {
    const { code, stdout, stderr } = await startFixture('remote-pool-forgets.mjs', [redis.url]).ended;
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[ 1, 4, 9 ]\nsaid there\nundefined\n', stderr: '' });
    // What says that it is there expires by itself.
    for (const key of redis.cli('--raw', 'KEYS', 'procctl:*:batch:*')) redis.cli('DEL', key);
  });
  it('finishes what it has when it is closed, and takes no more', async () => {
    const other = new Pool({ on: redis.url });
    const calls = [1, 2, 3].map((x) => other.run(square, [x]));
    const stream = other.imap(square, [1, 2, 3]);
    other.close();
    expect(() => other.imap(square, [])).toThrow('closed');
    expect(await other.join()).toBe(true);
    expect(await Promise.all(calls)).toEqual([1, 4, 9]);
    const squares: number[] = [];
    for await (const each of stream) squares.push(each);
    expect(squares).toEqual([1, 4, 9]);
  });
  it('terminated, rejects all at once, and ends what runs elsewhere', async () => {
    await withDirectory(async (path) => {
      const other = new Pool({ on: redis.url });
      const running = errorOf(other.run(of('spinForever'), [path('pid')]));
      await waitFor(() => existsSync(path('pid')), 'it is at work');
      const waiting = Array.from({ length: 600 }, () => codeOf(other.run(square, [1])));
      other.terminate();
      expect((await running).code).toBe('ERR_POOL_CLOSED');
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(['ERR_POOL_CLOSED']));
      expect(await other.join({ timeoutMs: 30_000 })).toBe(true);
      expect(existsSync(`/proc/${readFileSync(path('pid'), 'utf8')}`)).toBe(false);
    });
  });
  it('can be taken out by a bare worker of BullMQ, and believes nothing of what that says', async () => {
    const results: unknown[] = [
      { a: [1] },
      { version: 1, value: Buffer.from('rubbish').toString('base64'), host: 'h', execution: 1, output: {} },
      { version: 1, result: '[[true,1]]', exitCode: null, output: null },
      { version: 1, error: { code: 'ERR_THREW', message: 'm' }, thrown: '####' },
      { version: 1, error: { code: 'constructor', message: 'm' } },
      { version: 9, exitCode: 0 },
    ];
    const seen: unknown[] = [];
    const take = async (job: Job): Promise<unknown> => {
      seen.push(job.data.call);
      if (results.length === 0) throw new Error('no more');
      return results.shift();
    };
    const bare = new BullWorker('bare', take, { connection: connectionTo(redis) });
    try {
      await withPool({ on: redis.url, queue: 'bare' }, async (other) => {
        expect(await other.run({ module: '/srv/a.js', export: 'f' }, [1, { b: 'c' }])).toEqual({ a: [1] });
        expect(seen).toEqual([{ module: '/srv/a.js', export: 'f', args: [1, { b: 'c' }] }]);
        expect(await codeOf(other.run(square, [1n as never]))).toBe('ERR_SERIALIZATION');
        const stream = other.imap(square, [1, 2], { chunkSize: 2 });
        for (const _ of [1, 2]) expect(await codeOf(stream.next())).toBe('ERR_SERIALIZATION');
        expect(await codeOf(other.run(square, [1]))).toBe('ERR_SERIALIZATION');
        expect(await errorOf(other.run(square, [1]))).toMatchObject({ code: 'ERR_REMOTE', message: 'constructor: m' });
        expect(await codeOf(other.run(square, [1]))).toBe('ERR_REMOTE');
        expect(await errorOf(other.run(square, [1]))).toMatchObject({ message: expect.stringContaining('no more') });
      });
    } finally {
      await bare.close();
      const queue = new BullQueue('bare', { connection: connectionTo(redis) });
      await queue.obliterate({ force: true });
      await queue.close();
      redis.cli('DEL', 'bull:bare:stalled-check');
    }
  });
});

describe.runIf(hasRedis)('workers that serve pools of the library', { concurrent: true }, () => {
  it('refuse functions by their text unless they are told to allow them, and modules that are not', async () => {
    await withRedis(async (redis) => {
      const worker = await redis.worker(['--queue', 'a', '--allow', `module:${functions.pathname}`]);
      const lax = await redis.worker(['--queue', 'b', '--allow', 'function']);
      await withPool({ on: redis.url, queue: 'a' }, async (pool) => {
        expect(await pool.run(of('add'), [1, 2])).toBe(3);
        expect(await errorOf(pool.run(square, [1]))).toMatchObject({
          code: 'ERR_NOT_ALLOWED',
          message: 'this worker does not allow functions that are sent as text',
        });
        const data = 'data:text/javascript,export default () => 1';
        for (const module of [fixture('daemon-parent.mjs'), 'node:fs', data]) {
          expect(await codeOf(pool.run(module as string, []))).toBe('ERR_NOT_ALLOWED');
        }
      });
      await withPool({ on: redis.url, queue: 'b' }, async (pool) => {
        expect(await pool.run(square, [2])).toBe(4);
        expect(await codeOf(pool.run(of('add'), [1, 2]))).toBe('ERR_NOT_ALLOWED');
      });
      await Promise.all([worker.discard(), lax.discard()]);
    });
  });
  it('refuse calls that are not signed with their key', async () => {
    await withRedis(async (redis) => {
      const worker = await redis.worker([], { env: { PROCCTL_QUEUE_KEY: 'k' } });
      await withPool({ on: redis.url }, async (pool) => {
        expect(await codeOf(pool.run(square, [1]))).toBe('ERR_SIGNATURE');
      });
      process.env.PROCCTL_QUEUE_KEY = 'k';
      const pool = new Pool({ on: redis.url });
      delete process.env.PROCCTL_QUEUE_KEY;
      expect(await pool.run((x: bigint) => x, [1n])).toBe(1n);
      pool.close();
      await pool.join();
      await worker.discard();
    });
  });
  it('that are killed have their calls made by others, chunks as a whole, each answered once', async () => {
    await withRedis(async (redis) => {
      await withDirectory(async (path) => {
        const first = await redis.worker(['--size', '1', '--lock', '1s']);
        await withPool({ on: redis.url }, async (pool) => {
          const mapped = pool.map(
            of('noteAndWait'),
            [path('a'), path('b')].map((file) => [file, path('go')]),
            { chunkSize: 2 },
          );
          await waitFor(() => linesOf(path('b')).length === 1, 'the second of the chunk is at work');
          const second = await redis.worker(['--size', '1', '--lock', '1s']);
          first.signal('SIGKILL');
          await waitFor(() => linesOf(path('b')).length === 2, 'it is made again');
          writeFileSync(path('go'), '');
          expect(await mapped).toEqual(['done', 'done']);
          // The first of the chunk too: a chunk is one job.
          expect([linesOf(path('a')).length, linesOf(path('b')).length]).toEqual([2, 2]);
          await waitFor(() => liveWithMark(first.token).length === 0, 'nothing is left of the killed worker');
          await second.discard();
        });
        await first.discard();
        expect(redis.leftKeys()).toEqual([]);
      });
    });
  });
  it('are waited for, and lose nothing, when Redis is killed and comes back', async () => {
    await withRedis(async (redis) => {
      await withDirectory(async (path) => {
        const worker = await redis.worker(['--size', '2']);
        await withPool({ on: redis.url }, async (pool) => {
          const running = pool.run(of('waitForFile'), [path('go'), path('begun')]);
          await waitFor(() => existsSync(path('begun')), 'it is at work');
          await redis.end('SIGKILL');
          const later = pool.map(square, [1, 2, 3]);
          await redis.begin();
          appendFileSync(path('go'), '');
          expect(await later).toEqual([1, 4, 9]);
          await running;
        });
        await worker.discard();
      });
    });
  });
});

describe.runIf(hasRedis)('a Redis that is lost to a pool', { concurrent: true }, () => {
  it('for good rejects all that waits with one error, and lets the pool end; the next call tries anew', async () => {
    await withRedis(async (redis) => {
      await withPool({ on: redis.url, connectTimeoutMs: 1000 }, async (pool) => {
        const calls = [1, 2, 3].map((x) => errorOf(pool.run(square, [x])));
        await waitFor(() => redis.cli('LLEN', 'bull:procctl:wait')[0] === '3', 'three are in the queue');
        await redis.end('SIGKILL');
        const errors = await Promise.all(calls);
        for (const error of errors) expect(error).toMatchObject({ name: 'RemoteError', code: 'ERR_REDIS' });
        expect(errors[0]?.message).toContain('has not come back within 1s');
        await redis.begin();
        const worker = await redis.worker();
        expect(await pool.run(square, [3])).toBe(9);
        await worker.discard();
      });
    });
  });
  it('by a wrong password rejects at once, without the password', async () => {
    await withRedis(
      async (redis) => {
        const on = `redis://:not-this@127.0.0.1:${redis.port}`;
        await withPool({ on }, async (pool) => {
          const error = await errorOf(pool.run(square, [1]));
          expect(error).toMatchObject({ code: 'ERR_REDIS', message: expect.stringContaining('WRONGPASS') });
          expect(JSON.stringify([error.message, error.stack])).not.toContain('not-this');
        });
        await withPool({ on: redis.url }, async (pool) => {
          expect(await errorOf(pool.run(square, [1]))).toMatchObject({
            code: 'ERR_REDIS',
            message: expect.stringContaining('NOAUTH'),
          });
        });
      },
      '--requirepass',
      'right',
    );
  });
  it('that forgets everything rejects what it had, and what is asked then is answered', async () => {
    await withRedis(async (redis) => {
      await withPool({ on: redis.url }, async (pool) => {
        const lost = codeOf(pool.run(square, [1]));
        await waitFor(() => redis.cli('LLEN', 'bull:procctl:wait')[0] === '1', 'it is in the queue');
        redis.cli('FLUSHALL');
        expect(await lost).toBe('ERR_JOB_LOST');
        const worker = await redis.worker();
        expect(await pool.run(square, [2])).toBe(4);
        await worker.discard();
      });
    });
  });
});
