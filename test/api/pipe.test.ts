// What CPython's test.test_multiprocessing asks of Pipe and SimpleQueue (the rule is named in brackets).
import { Pipe, type ProcctlError, Process, SimpleQueue } from 'procctl';
import { describe, expect, it } from 'vitest';
import { fixture } from '../helpers/library.ts';

const start = (module: string, name: string, ...args: readonly unknown[]): Process => {
  const process = new Process({ target: { module: fixture(module), export: name }, args });
  process.start();
  return process;
};
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: ProcctlError) => error.code,
  );

describe.concurrent('a pipe', () => {
  it('carries values both ways, and ends when the other process dies [test_connection, test_duplex_false]', async () => {
    const [here, there] = Pipe();
    const child = start('sync-users.mjs', 'answer', there);
    for (const value of [1, 'two', { three: [3] }, Buffer.alloc(200_000, 1)]) {
      await here.send(value);
      expect(await here.recv()).toEqual([value]);
    }
    expect(await here.poll()).toBe(false);
    expect(await codeOf(here.recv({ timeoutMs: 20 }))).toBe('ERR_TIMEOUT');
    await here.send('more');
    expect(await here.poll({ timeoutMs: 5000 })).toBe(true);
    expect(await here.poll()).toBe(true);
    expect(await here.recv()).toEqual(['more']);
    const waiting = codeOf(here.recv());
    child.kill();
    expect(await waiting).toBe('ERR_QUEUE_CLOSED');
    expect(await codeOf(here.send(1))).toBe('ERR_QUEUE_CLOSED');
    await child.join();
  });

  it('gives what was sent before the other process has ended, then says that it has [test_sendall_in_child]', async () => {
    const [here, there] = Pipe();
    const child = start('sync-users.mjs', 'sendAndLeave', there, [1, 2, 3]);
    await child.join();
    expect([await here.recv(), await here.recv(), await here.recv()]).toEqual([1, 2, 3]);
    expect(await codeOf(here.recv())).toBe('ERR_QUEUE_CLOSED');
  });

  it('ends for a child when this process closes its end', async () => {
    const [here, there] = Pipe();
    const child = start('sync-users.mjs', 'answer', there);
    await here.send(1);
    expect(await here.recv()).toEqual([1]);
    await here.close();
    expect(await codeOf(here.recv())).toBe('ERR_QUEUE_CLOSED');
    expect(await codeOf(here.send(1))).toBe('ERR_QUEUE_CLOSED');
    expect(await child.join()).toBe(true);
    expect(child.exitCode).toBe(1);
  });
});

describe.concurrent('a simple queue', () => {
  it('gives what was put, and is empty before and after [test_empty]', async () => {
    const queue = new SimpleQueue<number>();
    expect(await queue.empty()).toBe(true);
    const child = start('queue-users.mjs', 'putAll', queue, [1, 2]);
    expect([await queue.get(), await queue.get()]).toEqual([1, 2]);
    expect(await queue.empty()).toBe(true);
    await child.join();
  });

  it('refuses puts, and releases who waits, once it is closed [test_close]', async () => {
    const queue = new SimpleQueue<number>();
    const waiting = codeOf(queue.get());
    await queue.close();
    expect(await waiting).toBe('ERR_QUEUE_CLOSED');
    expect(await codeOf(queue.put(1))).toBe('ERR_QUEUE_CLOSED');
  });
});
