// What becomes of a queue when those who use it die, stop, or talk rubbish.
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Delivery, Process, Queue } from 'procctl';
import { describe, expect, it } from 'vitest';
import { HANDLE, type Handle } from '../../src/protocol/values/handle.ts';
import { fixture, startFixture, withDirectory } from '../helpers/library.ts';
import { waitFor } from '../helpers/procctl.ts';

const users = fixture('queue-users.mjs');
const PRODUCERS = 4;
const CONSUMERS = 4;
const ITEMS = 20_000;
const KILL_EVERY_MS = 300;

const start = (name: string, ...args: readonly unknown[]): Process => {
  const process = new Process({ target: { module: users, export: name }, args, stdio: 'ignore' });
  process.start();
  return process;
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How long the machine lets a process wait that has something to do: others do not get on sooner. @returns ends it, and tells the longest, ms */
const watchLag = (): (() => number) => {
  const everyMs = 20;
  let at = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - at - everyMs);
    at = now;
  }, everyMs);
  return () => {
    clearInterval(timer);
    return longest;
  };
};

interface Note {
  readonly producer: number;
  readonly number: number;
  readonly pid: number;
  readonly atMs: number;
}

const notesIn = (file: string): Note[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [producer, number, pid, state, at] = line.split(' ');
      expect(state, line).toBe('whole');
      return { producer: Number(producer), number: Number(number), pid: Number(pid), atMs: Number(at) / 1e6 };
    });

/** Consumers that note what they get, one of them killed now and then and replaced, until all is noted or lost. */
const storm = async (queue: Queue, file: string, items: number, padding: number) => {
  let killed = 0;
  const consumers = Array.from({ length: CONSUMERS }, () => start('noteAll', queue, file));
  const each = items / PRODUCERS;
  const producers = Array.from({ length: PRODUCERS }, (_, producer) =>
    start('putRange', queue, producer, 0, each, (producer * padding) / 3),
  );
  const allPut = Promise.all(producers.map((producer) => producer.join())).then(() => queue.close());
  for (let round = 0; ; round += 1) {
    const isPut = await Promise.race([allPut.then(() => true), sleep(KILL_EVERY_MS).then(() => false)]);
    if (isPut && (await queue.empty())) break;
    if (isPut) await sleep(KILL_EVERY_MS);
    const index = round % CONSUMERS;
    consumers[index]?.kill();
    await consumers[index]?.join();
    killed += 1;
    consumers[index] = start('noteAll', queue, file);
  }
  for (const consumer of consumers) await consumer.join();
  return { killed, notes: notesIn(file) };
};

/** Per consumer and producer: how often a later number came before an earlier one. */
const disorder = (notes: readonly Note[]): number => {
  const last = new Map<string, number>();
  let count = 0;
  for (const { producer, number, pid } of notes) {
    const key = `${producer} ${pid}`;
    if (number < (last.get(key) ?? -1)) count += 1;
    last.set(key, number);
  }
  return count;
};

describe('a queue under a storm of deaths', () => {
  it.each<[Delivery, number, number, number, number]>([
    ['at-most-once', 1, Number.POSITIVE_INFINITY, ITEMS, 100],
    ['at-most-once', 1, 100, ITEMS, 100],
    ['at-most-once', 64, Number.POSITIVE_INFINITY, ITEMS, 100],
    ['at-most-once', 64, 100, ITEMS, 100],
    ['at-least-once', 1, 100, ITEMS, 100],
    ['at-most-once', 1, Number.POSITIVE_INFINITY, ITEMS / 4, 200_000],
    ['at-least-once', 1, Number.POSITIVE_INFINITY, ITEMS / 4, 200_000],
  ])('keeps its word: %s, %d may be lost, room for %d, %d items of up to %d bytes', async (...row) => {
    const [delivery, maxLost, maxSize, items, padding] = row;
    await withDirectory(async (path) => {
      const queue = new Queue({ delivery, maxLost, maxSize });
      const lagMs = watchLag();
      const { killed, notes } = await storm(queue, path('notes'), items, padding);
      const longestLagMs = lagMs();
      expect(killed).toBeGreaterThan(0);
      const times = new Map<string, number>();
      for (const { producer, number } of notes) {
        const key = `${producer} ${number}`;
        times.set(key, (times.get(key) ?? 0) + 1);
      }
      const doubled = [...times.values()].filter((count) => count > 1).length;
      const lost = items - times.size;
      // A consumer has one item in its hands when it is killed: that one is lost, or comes again.
      if (delivery === 'at-most-once') {
        expect(doubled).toBe(0);
        expect(lost).toBeLessThanOrEqual(killed * maxLost);
      } else {
        expect(lost).toBe(0);
        expect(doubled).toBeLessThanOrEqual(killed);
      }
      // What the dead give back comes late, and nothing else does.
      expect(disorder(notes)).toBeLessThanOrEqual(killed * PRODUCERS * CONSUMERS);
      const gaps = notes
        .toSorted((a, b) => a.atMs - b.atMs)
        .map(({ atMs }, index, all) => atMs - (all[index - 1]?.atMs ?? atMs));
      expect(Math.max(...gaps)).toBeLessThan(1000 + 4 * longestLagMs);
    });
  });
});

describe('a queue', () => {
  it('promise 10: hands the others what a killed consumer had been sent and had not taken', async () => {
    const queue = new Queue<number>();
    const results = new Queue<number[]>();
    const child = start('takeAndHold', queue, results, 3);
    for (let number = 0; number < 200; number += 1) await queue.put(number);
    expect(await results.get()).toEqual([0, 1, 2]);
    child.kill();
    await child.join();
    const rest: number[] = [];
    for (let left = 197; left > 0; left -= 1) rest.push(await queue.get());
    expect(rest.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 197 }, (_, index) => index + 3));
    expect(await queue.empty()).toBe(true);
  });

  it.each([1, 64])(
    'takes back from a busy consumer what it was sent ahead, when another waits: %d',
    async (maxLost) => {
      const queue = new Queue<number>({ maxLost });
      const results = new Queue<number[]>();
      // It takes many quickly, and then none at all.
      const child = start('takeAndHold', queue, results, 1000);
      for (let number = 0; number < 3000; number += 1) await queue.put(number);
      const taken = await results.get();
      expect(taken).toEqual(Array.from({ length: 1000 }, (_, index) => index));
      const rest: number[] = [];
      for (let left = 2000; left > 0; left -= 1) rest.push(await queue.get());
      expect(rest.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1000));
      expect(child.isAlive()).toBe(true);
      child.kill();
      await child.join();
    },
  );

  it('loses with a quick consumer that is killed no more than it may, and with one that ends by itself nothing', async () => {
    await withDirectory(async (path) => {
      for (const how of ['hang', 'exit', 'exit and take one more', 'throw']) {
        const queue = new Queue<number>({ maxLost: 64 });
        for (let number = 0; number < ITEMS; number += 1) await queue.put(number);
        // A number at which no round number of items can just have been noted.
        const taken = ITEMS / 2 + 1;
        const child = start('takeAndStop', queue, taken, path(how), how);
        await waitFor(() => existsSync(path(how)), 'what it has taken');
        if (how === 'hang') child.kill();
        await child.join();
        await queue.close();
        const rest: number[] = [];
        for await (const item of queue) rest.push(item);
        const lost = ITEMS - taken - rest.length;
        if (how === 'hang') {
          expect(lost).toBeGreaterThanOrEqual(0);
          expect(lost).toBeLessThan(64);
        } else expect(lost, how).toBe(how === 'exit and take one more' ? 1 : 0);
        expect(new Set(rest).size).toBe(rest.length);
      }
    });
  });

  it('hands out again what a killed consumer had taken and not acknowledged, if it is to be at least once', async () => {
    const queue = new Queue<number>({ delivery: 'at-least-once' });
    const results = new Queue<number[]>();
    const child = start('takeAndHold', queue, results, 3);
    for (let number = 0; number < 10; number += 1) await queue.put(number);
    expect(await results.get()).toEqual([0, 1, 2]);
    child.kill();
    await child.join();
    // Of the three, the first two were acknowledged by the gets that followed. The queue hears of the death a moment after us.
    await waitFor(async () => (await queue.size()) === 8, 'what it had is given back');
    const rest: number[] = [];
    for (let left = 8; left > 0; left -= 1) rest.push(await queue.get());
    expect(rest).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('lets items be acknowledged one by one', async () => {
    const queue = new Queue<string>({ delivery: 'at-least-once' });
    for (const item of ['a', 'b', 'c']) await queue.put(item);
    const [a, b] = await Promise.all([queue.get(), queue.get()]);
    queue.ack(b as string);
    expect(() => queue.ack(b as string)).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(await queue.get()).toBe('c');
    queue.ack(a as string);
    queue.ack('c');
  });

  it('serves the others while one that waits is stopped', async () => {
    const queue = new Queue<number>();
    const results = new Queue<unknown>();
    const stopped = start('waitFor', queue, results);
    expect(await results.get()).toBe('waiting');
    // It has asked for one item, and gets it whenever it can; the others are for those who can take them now.
    await waitFor(async () => {
      process.kill(stopped.pid as number, 'SIGSTOP');
      return true;
    }, 'the stop');
    const working = start('echo', queue, results);
    for (let number = 0; number < 100; number += 1) await queue.put(number);
    const echoed: unknown[] = [];
    while (echoed.length < 99) echoed.push(await results.get());
    process.kill(stopped.pid as number, 'SIGCONT');
    echoed.push(await results.get());
    expect(echoed.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 100 }, (_, index) => index));
    await queue.close();
    for (const child of [stopped, working]) await child.join();
  });

  it('gets all that a process has put just before it exits', async () => {
    const large = new Queue<Buffer | string>();
    const small = new Queue<string>();
    const children = [start('putAndExit', large, 5_000_000), start('putManyAndExit', small, 5000)];
    expect((await large.get()).length).toBe(5_000_000);
    expect(await large.get()).toBe('last');
    for (let index = 0; index < 5000; index += 1) expect(Number.parseInt(await small.get(), 10)).toBe(index);
    for (const child of children) await child.join();
  });

  it('gets what a process puts while it exits', async () => {
    const queue = new Queue<string>();
    const child = start('putAtExit', queue);
    expect([await queue.get(), await queue.get()]).toEqual(['before', 'at the end']);
    await child.join();
  });

  it('cuts off who talks rubbish, and works on', async () => {
    const queue = new Queue<number>();
    const directory = String((queue as unknown as Handle)[HANDLE]().directory);
    const hello = (text: unknown): Buffer => {
      const body = Buffer.from(JSON.stringify(text));
      const frame = Buffer.alloc(9 + body.length);
      frame.writeUInt32LE(5 + body.length, 0);
      body.copy(frame, 9);
      return frame;
    };
    const greeting = hello({ name: '1-abc', pid: 1 });
    const frame = (...bytes: number[]): Buffer => Buffer.from([bytes.length, 0, 0, 0, ...bytes]);
    const rubbish = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(100_000, 0xff),
      hello(null),
      hello({ name: '../../x', pid: 1 }),
      Buffer.concat([greeting, frame(99, 1, 0, 0, 0)]),
      Buffer.concat([greeting, frame(3, 1, 0, 0, 0, 1, 2, 3)]),
      Buffer.concat([greeting, frame(2, 1, 0, 0, 0), frame(1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]),
      Buffer.concat([greeting, frame(9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x7b)]),
    ];
    for (const bytes of rubbish) {
      await new Promise<void>((resolve) => {
        const socket = connect(join(directory, 's'));
        socket.on('error', () => {});
        socket.once('close', () => resolve());
        socket.resume();
        socket.write(bytes);
      });
    }
    const results = new Queue<number>();
    const child = start('echo', queue, results);
    await queue.put(1);
    expect(await results.get()).toBe(1);
    await queue.close();
    await child.join();
  });

  it('promise 10: is closed for the others within a second when its host is killed, and leaves nothing behind', async () => {
    await withDirectory(async (path) => {
      const { ended } = startFixture('queue-hosts.mjs', ['is-killed', path('outcome')]);
      const { signal } = await ended;
      expect(signal).toBe('SIGKILL');
      const killedAt = Date.now();
      await waitFor(() => existsSync(path('outcome')) || undefined, 'the outcome');
      const { outcome, later, directory, at } = JSON.parse(readFileSync(path('outcome'), 'utf8'));
      expect([outcome, later]).toEqual(['ERR_QUEUE_CLOSED', 'ERR_QUEUE_CLOSED']);
      expect(at - killedAt).toBeLessThan(1000);
      await waitFor(() => !existsSync(directory) || undefined, 'the end of the directory');
    });
  });

  it('keeps no process alive that does not wait', async () => {
    await withDirectory(async (path) => {
      const { ended } = startFixture('queue-hosts.mjs', ['idles', path('idle')]);
      expect(await ended).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(path('idle'), 'utf8')).toBe('idle');
    });
  });
});
