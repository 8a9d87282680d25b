// What CPython's test.test_multiprocessing asks of locks, events, conditions and barriers, and what the death of a process does.
import { readFileSync } from 'node:fs';
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  type ProcctlError,
  Process,
  Queue,
  RLock,
  Semaphore,
} from 'procctl';
import { describe, expect, it } from 'vitest';
import { fixture, withDirectory } from '../helpers/library.ts';

const users = fixture('sync-users.mjs');

const start = (name: string, ...args: readonly unknown[]): Process => {
  const process = new Process({ target: { module: users, export: name }, args });
  process.start();
  return process;
};
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: ProcctlError) => error.code,
  );
const joinAll = (processes: readonly Process[]) => Promise.all(processes.map((process) => process.join()));

describe.concurrent('a lock', () => {
  it('is held by one, and released once [test_lock]', async () => {
    const lock = new Lock();
    expect(await lock.acquire()).toBe(true);
    expect(await lock.acquire({ timeoutMs: 0 })).toBe(false);
    expect(await lock.acquire({ timeoutMs: 20 })).toBe(false);
    await lock.release();
    expect(await codeOf(lock.release())).toBe('ERR_STATE');
    expect(await lock.acquire({ timeoutMs: 0 })).toBe(true);
  });

  it('keeps processes out of each other', async () => {
    await withDirectory(async (path) => {
      const lock = new Lock();
      await joinAll([1, 2, 3].map(() => start('enter', lock, path('notes'), 20)));
      expect(readFileSync(path('notes'), 'utf8')).toBe('in\nout\n'.repeat(60));
    });
  });

  it('is released when its holder dies', async () => {
    const lock = new Lock();
    const results = new Queue();
    const child = start('holdForever', lock, results);
    expect(await results.get()).toBe('held');
    const acquired = lock.acquire();
    child.kill();
    expect(await acquired).toBe(true);
    await child.join();
  });

  it('can be released by a process that does not hold it, unless it is reentrant [test_rlock]', async () => {
    const results = new Queue();
    const [lock, rlock] = [new Lock(), new RLock()];
    await lock.acquire();
    await rlock.acquire();
    const first = start('releaseIt', lock, results);
    expect(await results.get()).toBe('released');
    const second = start('releaseIt', rlock, results);
    expect(await results.get()).toBe('ERR_STATE');
    await joinAll([first, second]);
  });

  it('can be taken several times by its process, if it is reentrant [test_rlock]', async () => {
    const lock = new RLock();
    for (let time = 0; time < 3; time += 1) expect(await lock.acquire()).toBe(true);
    for (let time = 0; time < 3; time += 1) await lock.release();
    expect(await codeOf(lock.release())).toBe('ERR_STATE');
  });

  it('is given up when the signal aborts', async () => {
    const lock = new Lock();
    await lock.acquire();
    const controller = new AbortController();
    const given = lock.acquire({ signal: controller.signal }).catch((reason: unknown) => reason);
    controller.abort('enough');
    expect(await given).toBe('enough');
    await lock.release();
    expect(await lock.acquire({ timeoutMs: 0 })).toBe(true);
  });

  it('is released after what it was taken for, even if that fails', async () => {
    const lock = new Lock();
    expect(await lock.withLock(() => 'done')).toBe('done');
    await expect(lock.withLock(() => Promise.reject(new Error('oh')))).rejects.toThrow('oh');
    expect(await lock.acquire({ timeoutMs: 0 })).toBe(true);
  });
});

describe.concurrent('a semaphore', () => {
  it('is held by so many [test_semaphore]', async () => {
    const semaphore = new Semaphore(2);
    expect(await semaphore.value()).toBe(2);
    await semaphore.acquire();
    await semaphore.acquire();
    expect(await semaphore.acquire({ timeoutMs: 0 })).toBe(false);
    await semaphore.release();
    await semaphore.release();
    await semaphore.release();
    expect(await semaphore.value()).toBe(3);
  });

  it('may refuse a release too many [test_bounded_semaphore]', async () => {
    const semaphore = new BoundedSemaphore(2);
    expect(await codeOf(semaphore.release())).toBe('ERR_STATE');
    await semaphore.acquire();
    await semaphore.release();
    expect(await semaphore.value()).toBe(2);
  });

  it.each([-1, 1.5, '1' as never])('throws at construction for %o', (value) => {
    expect(() => new Semaphore(value)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
  });
});

describe.concurrent('an event', () => {
  it('is waited for until it is set, in any process [test_event]', async () => {
    const event = new Event();
    const results = new Queue();
    expect(await event.isSet()).toBe(false);
    expect(await event.wait({ timeoutMs: 0 })).toBe(false);
    expect(await event.wait({ timeoutMs: 20 })).toBe(false);
    const child = start('waitAt', event, results);
    expect(await results.get()).toBe('waiting');
    await event.set();
    expect(await results.get()).toBe(true);
    expect([await event.isSet(), await event.wait()]).toEqual([true, true]);
    await event.clear();
    expect(await event.isSet()).toBe(false);
    await child.join();
  });
});

describe.concurrent('a condition', () => {
  it('wakes as many as it is told [test_notify, test_notify_all]', async () => {
    const condition = new Condition();
    const results = new Queue();
    const children = [1, 2, 3].map(() => start('waitNotified', condition, results));
    for (const _ of children) expect(await results.get()).toBe('waiting');
    await condition.withLock(() => condition.notify());
    expect(await results.get()).toBe(true);
    expect(await codeOf(results.getNowait())).toBe('ERR_QUEUE_EMPTY');
    await condition.withLock(() => condition.notifyAll());
    expect([await results.get(), await results.get()]).toEqual([true, true]);
    await joinAll(children);
  });

  it('has the lock again when the time to wait is up [test_timeout]', async () => {
    const lock = new Lock();
    const condition = new Condition(lock);
    expect(await codeOf(condition.wait())).toBe('ERR_STATE');
    await condition.acquire();
    expect(await condition.wait({ timeoutMs: 20 })).toBe(false);
    expect(await lock.acquire({ timeoutMs: 0 })).toBe(false);
    await condition.release();
    expect(await lock.acquire({ timeoutMs: 0 })).toBe(true);
  });
});

describe.concurrent('a barrier', () => {
  it('lets all go on when all have come, each with a number [test_barrier, test_wait_return]', async () => {
    const barrier = new Barrier(3);
    const results = new Queue();
    const children = [start('waitAt', barrier, results), start('waitAt', barrier, results)];
    expect([await results.get(), await results.get()]).toEqual(['waiting', 'waiting']);
    const places = [await barrier.wait(), await results.get(), await results.get()];
    expect(places.toSorted()).toEqual([0, 1, 2]);
    expect([await barrier.isBroken(), await barrier.waiting()]).toEqual([false, 0]);
    await joinAll(children);
  });

  it('breaks for all when one runs out of time, until it is reset [test_timeout, test_reset]', async () => {
    const barrier = new Barrier(3);
    const waits = [codeOf(barrier.wait()), codeOf(barrier.wait({ timeoutMs: 20 }))];
    expect(await Promise.all(waits)).toEqual(['ERR_BARRIER_BROKEN', 'ERR_BARRIER_BROKEN']);
    expect(await barrier.isBroken()).toBe(true);
    expect(await codeOf(barrier.wait())).toBe('ERR_BARRIER_BROKEN');
    await barrier.reset();
    expect(await barrier.isBroken()).toBe(false);
  });

  it('breaks when one aborts it, or dies while it waits [test_abort]', async () => {
    const barrier = new Barrier(3);
    const results = new Queue();
    const child = start('waitAt', barrier, results);
    expect(await results.get()).toBe('waiting');
    const waits = codeOf(barrier.wait());
    while ((await barrier.waiting()) < 2) await new Promise((resolve) => setImmediate(resolve));
    child.kill();
    expect(await waits).toBe('ERR_BARRIER_BROKEN');
    await barrier.reset();
    const again = codeOf(barrier.wait());
    await barrier.abort();
    expect(await again).toBe('ERR_BARRIER_BROKEN');
    await child.join();
  });
});
