// What CPython's test.test_multiprocessing asks of queues (the rule is named in brackets), and what procctl adds.
import { type ErrorCode, JoinableQueue, type ProcctlError, Process, Queue, SerializationError } from 'procctl';
import { describe, expect, it } from 'vitest';
import { fixture } from '../helpers/library.ts';

const users = fixture('queue-users.mjs');

const start = (name: string, ...args: readonly unknown[]): Process => {
  const process = new Process({ target: { module: users, export: name }, args });
  process.start();
  return process;
};
const codeOf = (promise: Promise<unknown>): Promise<ErrorCode | 'none'> =>
  promise.then(
    () => 'none' as const,
    (error: ProcctlError) => error.code,
  );
const elapsedOf = async (action: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await action().catch(() => {});
  return performance.now() - startedAt;
};

describe.concurrent('a queue', () => {
  it('is full at maxSize, refuses at once or when the time is up, and has room again after a get [test_put]', async () => {
    const queue = new Queue<number>({ maxSize: 6 });
    expect([await queue.empty(), await queue.full()]).toEqual([true, false]);
    for (const item of [1, 2, 3, 4]) await queue.put(item);
    await queue.put(5, { timeoutMs: 1000 });
    await queue.putNowait(6);
    expect([await queue.empty(), await queue.full(), await queue.size()]).toEqual([false, true, 6]);
    expect(await codeOf(queue.putNowait(7))).toBe('ERR_QUEUE_FULL');
    expect(await codeOf(queue.put(7, { timeoutMs: 0 }))).toBe('ERR_QUEUE_FULL');
    // A timer of Node may fire up to a millisecond early.
    expect(await elapsedOf(() => queue.put(7, { timeoutMs: 60 }))).toBeGreaterThanOrEqual(58);
    expect(await codeOf(queue.put(7, { timeoutMs: 10 }))).toBe('ERR_QUEUE_FULL');
    expect(await queue.get()).toBe(1);
    await queue.put(7, { timeoutMs: 1000 });
    const rest: number[] = [];
    for (let left = 6; left > 0; left -= 1) rest.push(await queue.get());
    expect(rest).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await queue.empty()).toBe(true);
  });

  it('is filled by one process and full for another [test_put]', async () => {
    const queue = new Queue<number>({ maxSize: 2 });
    const results = new Queue<unknown>();
    await queue.put(1);
    await queue.put(2);
    const child = start('fullCodesOf', queue, results);
    expect(await results.get()).toEqual(['ERR_QUEUE_FULL', 'ERR_QUEUE_FULL', true, 2]);
    await child.join();
  });

  it('gives what another process has put, in its order, and is then empty at once or after a time [test_get]', async () => {
    const queue = new Queue<number>();
    const child = start('putAll', queue, [1, 2, 3, 4, 5]);
    await child.join();
    expect([await queue.empty(), await queue.size()]).toEqual([false, 5]);
    expect([await queue.get(), await queue.getNowait(), await queue.get({ timeoutMs: 0 })]).toEqual([1, 2, 3]);
    expect([await queue.get({ timeoutMs: 1000 }), await queue.get()]).toEqual([4, 5]);
    expect(await queue.empty()).toBe(true);
    expect(await codeOf(queue.getNowait())).toBe('ERR_QUEUE_EMPTY');
    expect(await codeOf(queue.get({ timeoutMs: 0 }))).toBe('ERR_QUEUE_EMPTY');
    expect(await elapsedOf(() => queue.get({ timeoutMs: 60 }))).toBeGreaterThanOrEqual(58);
  });

  it('is empty for another process in the same ways [test_get]', async () => {
    const results = new Queue<unknown>();
    const child = start('codesOf', new Queue(), results);
    expect(await results.get()).toEqual(['ERR_QUEUE_EMPTY', 'ERR_QUEUE_EMPTY', 'ERR_QUEUE_EMPTY']);
    await child.join();
  });

  it('keeps what was put before a child got it [test_fork]', async () => {
    const queue = new Queue<number>();
    for (let number = 0; number < 10; number += 1) await queue.put(number);
    const child = start('putAll', queue, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    const items: number[] = [];
    for (let left = 20; left > 0; left -= 1) items.push(await queue.get());
    expect(items).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(await codeOf(queue.getNowait())).toBe('ERR_QUEUE_EMPTY');
    await child.join();
  });

  it('knows its size [test_qsize]', async () => {
    const queue = new Queue<number>();
    expect(await queue.size()).toBe(0);
    await queue.put(1);
    expect(await queue.size()).toBe(1);
    await queue.put(5);
    expect(await queue.size()).toBe(2);
    await queue.get();
    expect(await queue.size()).toBe(1);
    await queue.get();
    expect(await queue.size()).toBe(0);
  });

  it('waits no longer than it was told [test_timeout]', async () => {
    const queue = new Queue();
    const ms = await elapsedOf(() => queue.get({ timeoutMs: 200 }));
    expect(ms).toBeGreaterThanOrEqual(198);
  });

  it('refuses at put what cannot cross, and works on [test_queue_feeder_donot_stop_onexc]', async () => {
    const queue = new Queue<unknown>({ maxSize: 1 });
    const error = await queue.put({ a: [() => {}] }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SerializationError);
    expect((error as SerializationError).path).toBe('item.a[0]');
    await queue.put('fine', { timeoutMs: 1000 });
    expect(await queue.get({ timeoutMs: 1000 })).toBe('fine');
    expect(await queue.size()).toBe(0);
  });

  it.each([undefined, 10])('gives a process what it has put itself, again and again: maxSize %s', async (maxSize) => {
    const queue = new Queue<number>({ maxSize });
    for (let number = 0; number < 1000; number += 1) {
      await queue.put(number);
      expect(await queue.get()).toBe(number);
    }
  });

  it('copies what is put at that moment', async () => {
    const queue = new Queue<{ a: number }>();
    const item = { a: 1 };
    await queue.put(item);
    item.a = 2;
    expect(await queue.get()).toEqual({ a: 1 });
  });

  it('refuses puts once it is closed, hands out what is left, and then says so [test_closed_queue_put_get_exceptions]', async () => {
    const queue = new Queue<number>();
    await queue.put(1);
    await queue.close();
    expect(await codeOf(queue.put(2))).toBe('ERR_QUEUE_CLOSED');
    expect(await queue.get()).toBe(1);
    expect(await codeOf(queue.get())).toBe('ERR_QUEUE_CLOSED');
    expect(await codeOf(queue.getNowait())).toBe('ERR_QUEUE_CLOSED');
    await queue.close();
  });

  it('loses nothing that an ended process had put when it is closed right then', async () => {
    const queue = new Queue<number>();
    const child = start('putAll', queue, [1, 2, 3]);
    await child.join();
    void queue.close();
    const items: number[] = [];
    for await (const item of queue) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });

  it('releases those who wait, in all processes, when one closes it', async () => {
    const empty = new Queue();
    const full = new Queue({ maxSize: 1 });
    await full.put('one');
    const results = new Queue<unknown>();
    const children = [start('waitFor', empty, results), start('waitToPut', full, results)];
    const here = [codeOf(empty.get()), codeOf(full.put('two'))];
    expect([await results.get(), await results.get()]).toEqual(['waiting', 'waiting']);
    const closers = [start('closeIt', empty), start('closeIt', full)];
    expect([await results.get(), await results.get()]).toEqual(['ERR_QUEUE_CLOSED', 'ERR_QUEUE_CLOSED']);
    expect(await Promise.all(here)).toEqual(['ERR_QUEUE_CLOSED', 'ERR_QUEUE_CLOSED']);
    for (const child of [...children, ...closers]) await child.join();
  });

  it('can be iterated, by several processes at a time, to its end', async () => {
    const queue = new Queue<number>();
    const results = new Queue<number>();
    const children = [start('echo', queue, results), start('echo', queue, results)];
    for (let number = 0; number < 1000; number += 1) await queue.put(number);
    await queue.close();
    for (const child of children) expect(await child.join()).toBe(true);
    const items: number[] = [];
    for (let left = 1000; left > 0; left -= 1) items.push(await results.get());
    expect(items.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });

  it('travels through another queue, and is the same one wherever it arrives twice', async () => {
    const outer = new Queue<unknown>();
    const inner = new Queue<string>();
    const results = new Queue<boolean>();
    await outer.put(inner);
    await outer.put(inner);
    const child = start('passOn', outer, results);
    expect(await inner.get()).toBe('from far away');
    expect(await results.get()).toBe(true);
    await child.join();
    await outer.put(inner);
    expect(await outer.get()).toBe(inner);
  });

  it('swallows no item when a get is given up', async () => {
    const queue = new Queue<number>();
    const controller = new AbortController();
    const given = queue.get({ signal: controller.signal }).catch((reason: unknown) => reason);
    const late = codeOf(queue.get({ timeoutMs: 5 }));
    controller.abort('no longer');
    expect(await given).toBe('no longer');
    expect(await late).toBe('ERR_QUEUE_EMPTY');
    await queue.put(1);
    expect(await queue.size()).toBe(1);
    expect(await queue.get()).toBe(1);
  });

  it('takes back a put that is given up while there is no room', async () => {
    const queue = new Queue<number>({ maxSize: 1 });
    await queue.put(1);
    const controller = new AbortController();
    const given = queue.put(2, { signal: controller.signal }).catch((reason: unknown) => reason);
    const next = queue.put(3);
    controller.abort('no longer');
    expect(await given).toBe('no longer');
    expect(await queue.get()).toBe(1);
    await next;
    expect(await queue.get()).toBe(3);
  });

  it.each([
    [{ maxSize: 0 }],
    [{ maxSize: 1.5 }],
    [{ maxSize: Number.NaN }],
    [{ maxSize: '4' as unknown as number }],
    [{ delivery: 'exactly-once' as never }],
    [{ maxLost: 0 }],
    [{ maxLost: 2.5 }],
  ])('throws at construction for %o', (options) => {
    expect(() => new Queue(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
  });

  it.each([
    [{ maxLost: 2, delivery: 'at-least-once' as const }],
    [{ maxLost: 2, on: 'redis://127.0.0.1:1', name: 'a' } as never],
  ])('throws at construction for what makes no sense together: %o', (options) => {
    expect(() => new Queue(options)).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringContaining('maxLost') }),
    );
  });

  it.each([0, 1, 100, 2040, 2048, 4096, 32_768, 65_536, 1_000_000, 20_000_000])(
    'carries %i bytes there and back',
    async (size) => {
      const there = new Queue<Buffer>();
      const back = new Queue<Buffer>();
      const child = start('echo', there, back);
      const bytes = Buffer.alloc(size, 7);
      await there.put(bytes);
      expect((await back.get()).equals(bytes)).toBe(true);
      await there.close();
      await child.join();
    },
  );
});

describe.concurrent('a queue that counts what is done', () => {
  it('is joined when taskDone was called for each item, by whatever process [test_task_done]', async () => {
    const queue = new JoinableQueue<number>();
    const workers = [start('work', queue, 5), start('work', queue, 5)];
    for (let number = 0; number < 10; number += 1) await queue.put(number);
    await queue.join();
    expect(await queue.size()).toBe(0);
    for (const worker of workers) await worker.join();
  });

  it('refuses more calls of taskDone than there were items', async () => {
    const queue = new JoinableQueue<number>();
    expect(await codeOf(queue.taskDone())).toBe('ERR_STATE');
    await queue.put(1);
    await queue.get();
    await queue.taskDone();
    expect(await codeOf(queue.taskDone())).toBe('ERR_STATE');
  });

  it('does not wait for the done work of the dead: join is rejected, then works on', async () => {
    const queue = new JoinableQueue<number>();
    const results = new Queue<number[]>();
    const child = start('takeAndHold', queue, results, 2);
    for (const item of [1, 2, 3]) await queue.put(item);
    expect(await results.get()).toEqual([1, 2]);
    const joined = queue.join().catch((error: unknown) => error);
    child.kill();
    expect(await joined).toMatchObject({ code: 'ERR_WORKER_LOST', pid: child.pid });
    expect(await queue.get()).toBe(3);
    await queue.taskDone();
    await queue.join();
  });

  it('gives up joining when the time is up', async () => {
    const queue = new JoinableQueue<number>();
    await queue.put(1);
    expect(await codeOf(queue.join({ timeoutMs: 20 }))).toBe('ERR_TIMEOUT');
  });
});
