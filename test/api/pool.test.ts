// What CPython's test.test_multiprocessing asks of Pool (the rule is named in brackets), and what procctl adds.
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type ErrorCode, Pool, type PoolOptions, type ProcctlError } from 'procctl';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, isRunning, pidIn, startFixture, withDirectory } from '../helpers/library.ts';
import { waitFor } from '../helpers/procctl.ts';

const functions = fixture('functions.mjs');
const of = (name: string) => ({ module: functions, export: name });
const square = (x: number): number => x * x;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const codeOf = (action: () => unknown): ErrorCode | undefined => {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as ProcctlError).code;
  }
};
const withPool = async (options: PoolOptions, use: (pool: Pool) => Promise<void>): Promise<void> => {
  const pool = new Pool(options);
  const pids = pool.stats().workers.map(({ pid }) => pid);
  try {
    await use(pool);
  } finally {
    pids.push(...pool.stats().workers.map(({ pid }) => pid));
    pool.terminate();
    expect(await pool.join()).toBe(true);
    expect(pids.filter(isRunning)).toEqual([]);
  }
};

describe('a pool', () => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ size: 2 });
  });
  afterAll(async () => {
    pool.terminate();
    await pool.join();
  });

  it('applies a function to arguments, named ones last [test_apply]', async () => {
    expect(await pool.apply(square, [5])).toBe(25);
    expect(await pool.apply((a: number, { b }: { b: number }) => a - b, [5], { b: 3 })).toBe(2);
    expect(await pool.run(of('add'), [1, 2])).toBe(3);
    expect(await pool.run<(a: string, b: string) => string>(functions, ['a', 'b'])).toBe('ab');
  });

  it('maps functions over items, in order [test_map, test_map_chunksize]', async () => {
    expect(await pool.map(square, numbers(10))).toEqual(numbers(10).map(square));
    expect(await pool.map(square, numbers(100), { chunkSize: 20 })).toEqual(numbers(100).map(square));
    expect(await pool.map(square, numbers(5_000))).toEqual(numbers(5_000).map(square));
    expect(await pool.map(async (x: number) => x + 1, new Set([1, 2, 3]))).toEqual([2, 3, 4]);
    expect(await pool.map(square, [])).toEqual([]);
    expect(await pool.map(square, [], { chunkSize: 3 })).toEqual([]);
  });

  it('maps lists of arguments [test_starmap]', async () => {
    const lists = numbers(100).map((x): [number, number] => [x, 2 * x]);
    expect(await pool.starmap((a: number, b: number) => a + b, lists)).toEqual(numbers(100).map((x) => 3 * x));
    expect(await pool.starmap((a: number, b: number) => a + b, lists, { chunkSize: 7 })).toEqual(
      numbers(100).map((x) => 3 * x),
    );
    expect(await pool.starmap((...args: unknown[]) => args.length, [[], [1], [1, 2]])).toEqual([0, 1, 2]);
  });

  it('rejects a map with the first error, and with that alone [test_map_handle_iterable_exception, test_traceback]', async () => {
    const picky = (x: number): number => {
      if (x === 7) throw Object.assign(new RangeError('seven'), { x });
      return x;
    };
    await expect(pool.map(picky, numbers(100))).rejects.toMatchObject({ name: 'RangeError', message: 'seven', x: 7 });
    await expect(pool.map(picky, numbers(100), { chunkSize: 3 })).rejects.toBeInstanceOf(RangeError);
    expect(await pool.map(picky, numbers(5))).toEqual(numbers(5));
    const failing = function* () {
      yield 1;
      throw new Error('no more');
    };
    expect(() => pool.map(square, failing())).toThrow('no more');
  });

  it('yields results one by one, in order or as they come [test_imap, test_imap_unordered]', async () => {
    const ordered: number[] = [];
    for await (const result of pool.imap(square, numbers(1_000))) ordered.push(result);
    expect(ordered).toEqual(numbers(1_000).map(square));
    const chunked: number[] = [];
    for await (const result of pool.imap(square, numbers(1_000), { chunkSize: 100 })) chunked.push(result);
    expect(chunked).toEqual(ordered);
    const any: number[] = [];
    for await (const result of pool.imapUnordered(square, numbers(1_000), { chunkSize: 53 })) any.push(result);
    expect(any.sort((a, b) => a - b)).toEqual(ordered);
    for await (const _ of pool.imap(square, [])) throw new Error('nothing was asked for');
  });

  it('gives the result of each item even if others fail, and the error of the iterable after them [test_imap_handle_iterable_exception]', async () => {
    const items = function* () {
      yield* [1, 2, 3];
      throw new Error('no more');
    };
    const results = pool.imap((x: number) => {
      if (x === 2) throw new Error('two');
      return x;
    }, items());
    expect(await results.next()).toEqual({ done: false, value: 1 });
    await expect(results.next()).rejects.toThrow('two');
    expect(await results.next()).toEqual({ done: false, value: 3 });
    await expect(results.next()).rejects.toThrow('no more');
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('reads an iterable without end a bounded way ahead, and closes it when the loop is left', async () => {
    for (const chunkSize of [undefined, 1, 600]) {
      let read = 0;
      let isClosed = false;
      const endless = function* () {
        try {
          for (;;) yield read++;
        } finally {
          isClosed = true;
        }
      };
      let taken = 0;
      for await (const result of pool.imap(square, endless(), { chunkSize })) {
        expect(result).toBe(taken ** 2);
        taken += 1;
        expect(read - taken).toBeLessThanOrEqual(Math.max(1024, (chunkSize ?? 1) * 4));
        if (taken === 5_000) break;
      }
      expect(isClosed).toBe(true);
    }
    expect(await pool.apply(square, [3])).toBe(9);
  });

  it('reads an async iterable as its items come, a bounded way ahead, and closes it when the loop is left', async () => {
    for (const chunkSize of [undefined, 1, 50]) {
      let read = 0;
      let isClosed = false;
      const endless = async function* () {
        try {
          for (;;) {
            if (read % 100 === 0) await setImmediate();
            yield read++;
          }
        } finally {
          isClosed = true;
        }
      };
      let taken = 0;
      for await (const result of pool.imap(square, endless(), { chunkSize })) {
        expect(result).toBe(taken ** 2);
        taken += 1;
        expect(read - taken).toBeLessThanOrEqual(1025);
        if (taken === 3_000) break;
      }
      expect(taken).toBe(3_000);
      await waitFor(() => isClosed, 'the iterable to be closed');
    }
    const few = async function* () {
      yield* numbers(10);
    };
    const squares: number[] = [];
    for await (const result of pool.imapUnordered(square, few())) squares.push(result);
    expect(squares.sort((a, b) => a - b)).toEqual(numbers(10).map(square));
    for await (const _ of pool.imap(square, (async function* () {})())) throw new Error('nothing was asked for');
  });

  it('gives the error of an async iterable after the results of what came before it', async () => {
    const items = async function* () {
      yield* [1, 2];
      throw new Error('no more');
    };
    const results = pool.imap(square, items());
    expect([(await results.next()).value, (await results.next()).value]).toEqual([1, 4]);
    await expect(results.next()).rejects.toThrow('no more');
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('makes other calls while an async iterable has nothing to give', async () => {
    let go = (): void => {};
    const isTime = new Promise<void>((resolve) => {
      go = resolve;
    });
    const items = async function* () {
      await isTime;
      yield 3;
    };
    const results = pool.imap(square, items());
    const first = results.next();
    expect(await pool.map(square, numbers(20))).toEqual(numbers(20).map(square));
    go();
    expect(await first).toEqual({ done: false, value: 9 });
  });

  it('ends a stream whose next items nobody will ever work on', async () => {
    const ending = new Pool({ size: 1 });
    const endless = function* () {
      for (let n = 0; ; n += 1) yield n;
    };
    const full = ending.imap(square, endless());
    await full.next();
    const silent = ending.imap(square, {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
    });
    const never = silent.next();
    const settled = expect(never).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    ending.terminate();
    await settled;
    await expect(
      (async () => {
        for await (const _ of full);
      })(),
    ).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    await ending.join();
  });

  it('tells whether a result is there [test_async, test_async_timeout]', async () => {
    await withDirectory(async (path) => {
      const result = pool.applyAsync(of('waitForFile'), [path('go')]);
      expect([result.ready(), await result.wait({ timeoutMs: 1 })]).toEqual([false, false]);
      expect(codeOf(() => result.successful())).toBe('ERR_STATE');
      await expect(result.get({ timeoutMs: 1 })).rejects.toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT' });
      writeFileSync(path('go'), '');
      expect(await result.get()).toBe(path('go'));
      expect([result.ready(), result.successful(), await result]).toEqual([true, true, path('go')]);
    });
    const failing = pool.applyAsync(() => {
      throw new Error('no');
    });
    await expect(failing.get()).rejects.toThrow('no');
    expect([failing.ready(), failing.successful()]).toEqual([true, false]);
  });

  it('promise 9: refuses what cannot cross, at once or as the result, and goes on [test_unpickleable_result]', async () => {
    await expect(pool.run((x: unknown) => x, [() => 1])).rejects.toMatchObject({
      code: 'ERR_SERIALIZATION',
      path: 'args[0]',
    });
    await expect(pool.run(() => () => 1)).rejects.toMatchObject({ code: 'ERR_SERIALIZATION', path: 'result' });
    await expect(pool.map((x: unknown) => x, [1, Symbol('s')])).rejects.toMatchObject({ code: 'ERR_SERIALIZATION' });
    const results = pool.imap((x: unknown) => (x === 2 ? () => 1 : x), [1, 2, () => 1, 4]);
    expect((await results.next()).value).toBe(1);
    await expect(results.next()).rejects.toMatchObject({ path: 'result' });
    await expect(results.next()).rejects.toMatchObject({ path: 'items[2]' });
    expect((await results.next()).value).toBe(4);
    await expect(
      pool.run(() => {
        throw () => 1;
      }),
    ).rejects.toMatchObject({ code: 'ERR_SERIALIZATION' });
    expect(await pool.run(square, [4])).toBe(16);
  });

  it('carries arguments and results of 0 bytes to 50 MB', async () => {
    const echo = (bytes: Uint8Array): Uint8Array => bytes;
    for (const size of [0, 1, 65_535, 65_536, 1_000_000, 50_000_000]) {
      const bytes = Buffer.alloc(size, size % 251);
      expect(Buffer.compare(Buffer.from(await pool.run(echo, [bytes])), bytes)).toBe(0);
    }
  });

  it('carries errors with name, message, cause, fields and the stack of where they come from', async () => {
    const error = await pool
      .run(() => {
        function deepInside(): never {
          throw Object.assign(new TypeError('outer', { cause: new RangeError('inner') }), { code: 'E_OUTER' });
        }
        return deepInside();
      })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: 'outer', code: 'E_OUTER', cause: { name: 'RangeError', message: 'inner' } });
    expect((error as Error).stack).toContain('deepInside');
  });

  it('runs what is urgent first', async () => {
    await withPool({ size: 1 }, async (one) => {
      await withDirectory(async (path) => {
        const blocked = one.run(of('waitForFile'), [path('go'), path('started')]);
        await pidIn(path('started'));
        const rest = [0, 5, 0, 9, 5].map((priority, index) =>
          one.run(of('note'), [path('order'), index], { priority }),
        );
        writeFileSync(path('go'), '');
        await Promise.all([blocked, ...rest]);
        expect(readFileSync(path('order'), 'utf8').trim().split('\n').map(Number)).toEqual([3, 1, 4, 0, 2]);
      });
    });
  });

  it('takes back a call that was aborted, ends the worker that makes it, and leaves others alone', async () => {
    await withPool({ size: 1 }, async (one) => {
      await withDirectory(async (path) => {
        const running = new AbortController();
        const waiting = new AbortController();
        const first = one.run(of('waitForFile'), [path('never'), path('started')], { signal: running.signal });
        const second = one.run(of('note'), [path('ran'), 'second'], { signal: waiting.signal });
        const third = one.run(of('note'), [path('ran'), 'third']);
        const pid = await pidIn(path('started'));
        waiting.abort(new Error('not this one'));
        await expect(second).rejects.toThrow('not this one');
        running.abort(new Error('enough'));
        await expect(first).rejects.toThrow('enough');
        expect(await third).toBe('third');
        await waitFor(() => !isRunning(pid), 'the worker is gone');
        expect(readFileSync(path('ran'), 'utf8')).toBe('third\n');
        await expect(one.run(square, [1], { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
          'before',
        );
      });
    });
  });

  it('takes back thousands of calls that share a signal, with one listener on it', async () => {
    await withPool({ size: 1 }, async (one) => {
      const controller = new AbortController();
      const { signal } = controller;
      let listeners = 0;
      signal.addEventListener = (...args: Parameters<AbortSignal['addEventListener']>) => {
        listeners += 1;
        AbortSignal.prototype.addEventListener.apply(signal, args);
      };
      const never = () => new Promise(() => {});
      const calls = Promise.allSettled([
        ...numbers(5_000).map(() => one.run(never, [], { signal })),
        one.map(never, [1, 2], { signal }),
      ]);
      controller.abort('enough');
      const reasons = (await calls).map((result) => result.status === 'rejected' && result.reason);
      expect([new Set(reasons), listeners]).toEqual([new Set(['enough']), 1]);
      expect(await one.run(square, [3])).toBe(9);
    });
  });

  it('ends a call that takes too long, and nothing else', async () => {
    await withPool({ size: 2, timeoutMs: 60_000 }, async (two) => {
      const endless = two.run(
        () => {
          for (;;);
        },
        [],
        { timeoutMs: 50 },
      );
      const others = numbers(20).map((x) => two.run(square, [x]));
      await expect(endless).rejects.toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('50 ms') });
      expect(await Promise.all(others)).toEqual(numbers(20).map(square));
      expect(two.stats().workersLost).toBe(1);
    });
  });

  it('ends an item of a map that takes too long, also behind calls without a limit', async () => {
    await withPool({ size: 1, timeoutMs: 300 }, async (one) => {
      const spin = (x: number): number => {
        const end = performance.now() + (x < 0 ? 1e9 : 0.2);
        while (performance.now() < end);
        return x;
      };
      const unlimited = (count: number) =>
        Promise.all(
          numbers(count).map((x) => one.run(spin, [x], { timeoutMs: Number.POSITIVE_INFINITY, priority: 1 })),
        );
      // Both are known to be short, so one message is sent behind the other.
      await unlimited(500);
      const before = unlimited(5);
      const endless = one.map(spin, [-1]);
      const expected = expect(endless).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(await before).toEqual(numbers(5));
      await expected;
    });
  });

  it('initializes each worker once [test_initializer]', async () => {
    await withPool({ size: 2, initializer: of('initialize'), initArgs: [1, { two: 2 }] }, async (two) => {
      const seen = (await two.map(of('whatWasInitialized'), numbers(50), { chunkSize: 1 })) as { value: unknown }[];
      expect(seen.every(({ value }) => JSON.stringify(value) === '[1,{"two":2}]')).toBe(true);
    });
    expect(codeOf(() => new Pool({ initializer: 3 as never }))).toBe('ERR_OPTION');
  });

  it('replaces a worker that has made its calls, or has grown [test_pool_worker_lifetime]', async () => {
    await withPool({ size: 2, maxTasksPerChild: 10 }, async (two) => {
      const seen = (await two.map(of('countCalls'), numbers(100), { chunkSize: 5 })) as {
        pid: number;
        calls: number;
      }[];
      expect(Math.max(...seen.map(({ calls }) => calls))).toBeLessThanOrEqual(10);
      expect(new Set(seen.map(({ pid }) => pid)).size).toBeGreaterThanOrEqual(10);
      const single = (await Promise.all(numbers(100).map(() => two.run(of('countCalls'))))) as { calls: number }[];
      expect(Math.max(...single.map(({ calls }) => calls))).toBeLessThanOrEqual(10);
    });
    await withPool({ size: 1, maxMemoryBytes: 150 * 2 ** 20 }, async (one) => {
      const first = await one.run(of('pid'));
      await one.run(of('useMemory'), [200]);
      await waitFor(async () => (await one.run(of('pid'))) !== first, 'another worker');
    });
  });

  it('takes nothing once it is closed, finishes what it has, and can be joined then only [test_close, test_context]', async () => {
    const closing = new Pool({ size: 2 });
    expect(codeOf(() => closing.join())).toBe('ERR_STATE');
    const results = numbers(100).map((x) => closing.run(square, [x]));
    const mapped = closing.map(square, numbers(1_000));
    closing.close();
    await expect(closing.run(square, [1])).rejects.toMatchObject({ name: 'PoolClosedError', code: 'ERR_POOL_CLOSED' });
    await expect(closing.map(square, [1])).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    expect(codeOf(() => closing.imap(square, [1]))).toBe('ERR_POOL_CLOSED');
    expect(await closing.join()).toBe(true);
    expect(await Promise.all(results)).toEqual(numbers(100).map(square));
    expect(await mapped).toEqual(numbers(1_000).map(square));
    expect(closing.stats().workers).toEqual([]);
  });

  it('with 10 000 calls queued ends at once, and rejects each of them [test_terminate]', async () => {
    const ending = new Pool({ size: 2 });
    await ending.run(square, [1]);
    const pids = ending.stats().workers.map(({ pid }) => pid);
    const results = numbers(10_000).map(() =>
      ending.run(() => new Promise((resolve) => setTimeout(resolve, 1_000_000))),
    );
    const mapped = ending.map(() => new Promise((resolve) => setTimeout(resolve, 1_000_000)), numbers(1_000));
    const settled = Promise.allSettled([...results, mapped]);
    const stream = ending.imap(() => new Promise(() => {}), numbers(10));
    const next = stream.next();
    ending.terminate();
    await expect(next).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    expect(await ending.join()).toBe(true);
    const codes = (await settled).map((result) => result.status === 'rejected' && result.reason.code);
    expect(new Set(codes)).toEqual(new Set(['ERR_POOL_CLOSED']));
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('ends with `await using`', async () => {
    const ending = new Pool({ size: 1 });
    await ending[Symbol.asyncDispose]();
    expect(ending.stats().workers).toEqual([]);
  });

  it.each([
    [{ size: 0 }],
    [{ size: 1.5 }],
    [{ size: Number.NaN }],
    [{ size: '4' }],
    [{ size: -1 }],
    [{ maxTasksPerChild: 0 }],
    [{ timeoutMs: -1 }],
    [{ timeoutMs: '1s' }],
    [{ maxMemoryBytes: 0.5 }],
    [{ initArgs: 'a' }],
  ])('refuses options out of range: %j', (options) => {
    expect(codeOf(() => new Pool(options as never))).toBe('ERR_OPTION');
  });
  it('refuses options of calls that are out of range', async () => {
    await expect(pool.run(square, [1], { timeoutMs: -1 })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    await expect(pool.run(square, [1], { priority: 'high' as never })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    await expect(pool.map(square, [1], { chunkSize: 0 })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    await expect(pool.run(3 as unknown as () => void)).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });

  it.each(['waitForOne', 'blockForOne'])(
    'lets no short call wait behind a long one, and makes none twice: %s',
    async (name) => {
      await withPool({ size: 2 }, async (two) => {
        await withDirectory(async (path) => {
          // They are known to be short, so many are sent together.
          await Promise.all(numbers(3_000).map((x) => two.run(of(name), [path('go'), path('before'), x, -1])));
          for (const round of numbers(5)) {
            const made = path(`made-${round}`);
            const calls = numbers(500).map((x) => two.run(of(name), [path(`go-${round}`), made, x, 100]));
            const others = await Promise.all(calls.filter((_, index) => index !== 100));
            expect(others).toEqual(numbers(500).filter((x) => x !== 100));
            writeFileSync(path(`go-${round}`), '');
            expect(await calls[100]).toBe(100);
            expect(two.stats().completed).toBe(3_000 + 500 * (round + 1));
            const each = readFileSync(made, 'utf8').trim().split('\n').map(Number);
            expect(each.sort((a, b) => a - b)).toEqual(numbers(500));
          }
        });
      });
    },
  );

  it('counts what it does', async () => {
    await withPool({ size: 2 }, async (two) => {
      await two.map(square, numbers(100));
      expect(two.stats()).toMatchObject({
        size: 2,
        queued: 0,
        running: 0,
        completed: 100,
        workersStarted: 2,
        workersLost: 0,
      });
    });
  });
});

describe('a worker', () => {
  it('that has its clock replaced goes on, and so do the calls behind', async () => {
    await withPool({ size: 1 }, async (one) => {
      await one.run(() => {
        performance.now = () => Number.NaN;
      });
      expect(await Promise.all(numbers(100).map((x) => one.run(square, [x])))).toEqual(numbers(100).map(square));
    });
  });
  it('awaits what only looks like a promise', async () => {
    await withPool({ size: 1 }, async (one) => {
      // biome-ignore lint/suspicious/noThenProperty: to be awaited
      expect(await one.run(() => ({ then: (resolve: (value: number) => void) => resolve(3) }))).toBe(3);
    });
  });
});

describe('a worker that dies', () => {
  it.each(['exit', 'abort', 'uncaught', 'rejection', 'SIGKILL', 'SIGTERM', 'SIGSEGV'])(
    'by %s rejects the call it was at, and no other is lost or made twice',
    async (how) => {
      await withPool({ size: 2 }, async (pool) => {
        await withDirectory(async (path) => {
          // They are known to be short, so they are sent many at a time.
          await Promise.all(numbers(2_000).map(() => pool.run(of('noteAndDieAt'), [path('before'), 0, -1, how])));
          const results = await Promise.allSettled(
            numbers(400).map((x) => pool.run(of('noteAndDieAt'), [path('calls'), x, 150, how])),
          );
          const signal = how === 'abort' ? 'SIGABRT' : how.startsWith('SIG') ? how : null;
          for (const [index, result] of results.entries()) {
            if (index !== 150) expect(result).toEqual({ status: 'fulfilled', value: index });
            else
              expect(result).toMatchObject({
                reason: {
                  name: 'WorkerLostError',
                  code: 'ERR_WORKER_LOST',
                  pid: expect.any(Number),
                  signal,
                  exitCode: signal !== null ? null : how === 'exit' ? 0 : 1,
                },
              });
          }
          const made = readFileSync(path('calls'), 'utf8').trim().split('\n').map(Number);
          expect(made.sort((a, b) => a - b)).toEqual(numbers(400));
          await waitFor(() => pool.stats().workers.filter(({ isReady }) => isReady).length === 2, 'two workers');
        });
      });
    },
  );

  it('says the last it wrote to standard error', async () => {
    await withPool({ size: 1 }, async (pool) => {
      const lost = await pool
        .run(() => {
          process.stderr.write('the last words\n');
          process.exit(7);
        })
        .catch((error: unknown) => error);
      expect(lost).toMatchObject({ exitCode: 7, signal: null, stderrTail: 'the last words\n' });
    });
  });

  it('for want of memory rejects its own call, with what V8 says of it', async () => {
    const { stdout } = await startFixture('eats-memory.mjs', [], { NODE_OPTIONS: '--max-old-space-size=40' }).ended;
    expect(JSON.parse(stdout)).toEqual(['WorkerLostError', 'SIGABRT', true, 3]);
  });

  it('while it loads a module is replaced twice, and then the call is rejected', async () => {
    await withPool({ size: 2 }, async (pool) => {
      await expect(pool.run({ module: fixture('dies-loading.mjs'), export: 'any' })).rejects.toMatchObject({
        name: 'TargetError',
        cause: { name: 'WorkerLostError', exitCode: 3 },
      });
      expect(pool.stats().workersLost).toBe(3);
      expect(await pool.run(square, [3])).toBe(9);
    });
  });

  it('before it is ready rejects calls after three of them, with what its initializer threw', async () => {
    await withPool({ size: 2, initializer: of('failToInitialize') }, async (pool) => {
      await expect(pool.run(square, [3])).rejects.toMatchObject({
        code: 'ERR_TARGET',
        message: expect.stringContaining('no database'),
      });
      expect(pool.stats().workersStarted).toBeLessThan(8);
      await expect(pool.map(square, [3])).rejects.toMatchObject({ code: 'ERR_TARGET' });
      await expect(pool.imap(square, [3]).next()).rejects.toMatchObject({ code: 'ERR_TARGET' });
    });
    await withPool({ size: 1, initializer: () => process.exit(9) }, async (pool) => {
      await expect(pool.run(square, [3])).rejects.toMatchObject({ name: 'TargetError', cause: { exitCode: 9 } });
    });
  });

  it('closes its channel and lives on is ended, and rejects its call', async () => {
    await withPool({ size: 1 }, async (pool) => {
      await expect(pool.run(of('closeChannel'))).rejects.toMatchObject({ name: 'WorkerLostError', signal: 'SIGKILL' });
      expect(await pool.run(square, [3])).toBe(9);
    });
  });

  it('promise 8: sends rubbish on its channel is ended, and rejects its call', async () => {
    await withPool({ size: 1 }, async (pool) => {
      for (const rubbish of ['hello\n', '\u0001\u0000\u0000\u0000\u0009x', '\u0004\u0000\u0000\u0000\u0005abcd']) {
        const lost = pool.run(of('sendRubbish'), [rubbish]);
        await expect(lost).rejects.toMatchObject({
          name: 'WorkerLostError',
          message: expect.stringContaining('no message'),
        });
      }
      expect(await pool.run(square, [3])).toBe(9);
    });
  });
});
