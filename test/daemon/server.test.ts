import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answer, RpcServer } from '../../src/daemon/server.ts';
import { ProcctlError } from '../../src/errors.ts';
import { MAX_REQUEST_BYTES } from '../../src/protocol/rpc.ts';
import { RPC_ERROR, type RpcAnswer } from '../../src/protocol/rpc-message.ts';
import { scratch } from '../helpers/procctl.ts';

const servers: RpcServer[] = [];
const clients: Client[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A client that reads what it gets. */
class Client {
  readonly socket: Socket;
  readonly answers: RpcAnswer[] = [];
  /** The server has let go of it, whether it has said something before or not. */
  readonly closed: Promise<unknown>;
  #rest = '';

  constructor(path: string) {
    this.socket = createConnection({ path, allowHalfOpen: true });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('end', resolve).once('close', resolve));
    clients.push(this);
    this.socket.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString()).split('\n');
      this.#rest = lines.pop() as string;
      for (const line of lines) this.answers.push(JSON.parse(line) as RpcAnswer);
      this.socket.emit('answers');
    });
  }

  get isClosed(): boolean {
    return this.socket.readableEnded || this.socket.destroyed;
  }

  connected(): Promise<unknown> {
    return this.socket.connecting ? once(this.socket, 'connect') : Promise.resolve();
  }

  /** The first `count` answers. */
  async take(count: number): Promise<readonly RpcAnswer[]> {
    while (this.answers.length < count) {
      const more = once(this.socket, 'answers').then(
        () => true,
        () => false,
      );
      if (!(await Promise.race([more, this.closed.then(() => false)]))) break;
    }
    return this.answers;
  }

  async ask(id: number): Promise<RpcAnswer | undefined> {
    this.socket.write(requestOf(id));
    await this.take(this.answers.length + 1);
    return this.answers.find((answer) => answer.id === id);
  }
}

const requestOf = (id: number | string, params: object = { wide: false }): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method: 'process.list', params })}\n`;

/** Answers with the id it was asked under. */
const echo: Answer = async ({ id }) => ({ echo: id });

const serve = async (answer: Answer = echo): Promise<string> => {
  const server = new RpcServer(answer);
  servers.push(server);
  const path = join(scratch(), 'daemon.sock');
  await server.listen(path);
  return path;
};

const resultOf = (id: number): object => ({ jsonrpc: '2.0', id, result: { echo: id } });

describe('the socket', () => {
  it('is for its owner alone, and takes the place of one that was left behind', async () => {
    const path = await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const next = new RpcServer(async () => ({ echo: 'next' }));
    servers.push(next);
    await next.listen(path);
    expect(await new Client(path).ask(1)).toMatchObject({ result: { echo: 'next' } });
  });

  it('answers requests in whatever pieces they come', async () => {
    const path = await serve();
    const text = [1, 2, 3].map((id) => requestOf(id)).join('\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 8 }), async (cuts) => {
        const client = new Client(path);
        await client.connected();
        const ends = [...cuts.sort((a, b) => a - b), text.length];
        for (const [index, end] of ends.entries()) {
          const piece = text.slice(index === 0 ? 0 : ends[index - 1], end);
          if (piece !== '') await new Promise((resolve) => client.socket.write(piece, resolve));
        }
        expect(await client.take(3)).toEqual([1, 2, 3].map(resultOf));
        client.socket.destroy();
      }),
      { numRuns: 40 },
    );
  });

  it('cuts no character in two', async () => {
    const seen: string[][] = [];
    const path = await serve(async ({ params }) => {
      seen.push((params as { names: string[] }).names);
      return {};
    });
    const client = new Client(path);
    const text = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'process.start', params: { names: ['ü😀'] } })}\n`;
    for (const byte of Buffer.from(text)) await new Promise((resolve) => client.socket.write(Buffer.of(byte), resolve));
    await client.take(1);
    expect(seen).toEqual([['ü😀']]);
  });

  it('answers each request when it is done, not in their order', async () => {
    const open = new Map<unknown, () => void>();
    const path = await serve(({ id }) => new Promise((resolve) => open.set(id, () => resolve({ echo: id }))));
    const client = new Client(path);
    client.socket.write(requestOf(1) + requestOf(2));
    await vi.waitFor(() => expect(open.size).toBe(2));
    open.get(2)?.();
    expect(await client.take(1)).toEqual([resultOf(2)]);
    open.get(1)?.();
    expect(await client.take(2)).toEqual([resultOf(2), resultOf(1)]);
  });

  it('answers a client that asks no more, and then lets it go', async () => {
    const path = await serve(async ({ id }, { signal }) => {
      if (!signal.aborted) await once(signal, 'abort');
      return { echo: id };
    });
    const client = new Client(path);
    client.socket.end(requestOf(1));
    expect(await client.take(1)).toEqual([resultOf(1)]);
    await client.closed;
  });

  it('tells whoever answers that the client is gone', async () => {
    let gone: Promise<unknown> | undefined;
    const path = await serve(async (_, { signal }) => {
      gone = once(signal, 'abort');
      await gone;
    });
    const client = new Client(path);
    client.socket.write(requestOf(1));
    await vi.waitFor(() => expect(gone).toBeDefined());
    client.socket.destroy();
    await gone;
  });

  it('says what went wrong, by its stable code where it has one', async () => {
    const path = await serve(async ({ id }) => {
      if (id === 1) throw new ProcctlError('ERR_NAME', 'no such name', { hint: 'look' });
      throw new TypeError('oops');
    });
    const client = new Client(path);
    expect(await client.ask(1)).toMatchObject({
      error: { code: RPC_ERROR.ours, message: 'no such name', data: { code: 'ERR_NAME', hint: 'look' } },
    });
    expect(await client.ask(2)).toMatchObject({ error: { code: RPC_ERROR.internal, message: 'oops' } });
  });

  it('answers garbage with an error, and goes on', async () => {
    const path = await serve();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const client = new Client(path);
        client.socket.write(Buffer.concat([Buffer.from('x'), bytes, Buffer.from('\n')]));
        expect((await client.take(1))[0]).toMatchObject({ id: null, error: {} });
        expect(await client.ask(5)).toEqual(resultOf(5));
        client.socket.destroy();
      }),
      { numRuns: 60 },
    );
  });
});

describe('a client that asks too much', () => {
  it('may send a request of the greatest length, and not a byte more', async () => {
    const path = await serve();
    const padded = (bytes: number): string => {
      const request = requestOf(1).trimEnd();
      return `${request.slice(0, -1)}${' '.repeat(bytes - request.length)}}\n`;
    };
    const good = new Client(path);
    good.socket.write(padded(MAX_REQUEST_BYTES));
    expect(await good.take(1)).toEqual([resultOf(1)]);
    for (const ending of ['\n', '']) {
      const bad = new Client(path);
      bad.socket.write(padded(MAX_REQUEST_BYTES + 1).trimEnd() + ending);
      expect(await bad.take(1)).toMatchObject([{ id: null, error: { message: 'the request is too long' } }]);
      await bad.closed;
    }
    expect(await good.ask(2)).toEqual(resultOf(2));
  });

  it('may have 64 requests under way', async () => {
    let calls = 0;
    const path = await serve(() => {
      calls += 1;
      return new Promise(() => {});
    });
    const client = new Client(path);
    client.socket.write(Array.from({ length: 100 }, (_, id) => requestOf(id)).join(''));
    expect(await client.take(1)).toMatchObject([{ error: { message: 'too many requests at once' } }]);
    await client.closed;
    expect(calls).toBe(64);
  });

  it('is let go when it leaves 16 MiB of answers unread', async () => {
    const signals: AbortSignal[] = [];
    const path = await serve(async (_, { signal }) => {
      signals.push(signal);
      return { text: 'x'.repeat(1024 ** 2) };
    });
    const client = new Client(path);
    await client.connected();
    client.socket.pause();
    for (let id = 0; id < 15; id += 1) client.socket.write(requestOf(id));
    await vi.waitFor(() => expect(signals).toHaveLength(15));
    expect(await new Client(path).ask(1)).toBeDefined();
    expect(signals[0]?.aborted).toBe(false);
    for (let id = 15; id < 40; id += 1) client.socket.write(requestOf(id));
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
    client.socket.resume();
    await client.closed;
    expect(client.answers.length).toBeLessThan(15);
  });

  it('gets no room together with others for more than a few requests that do not end', async () => {
    const path = await serve();
    const heavy = Array.from({ length: 6 }, () => new Client(path));
    for (const client of heavy) client.socket.write('x'.repeat(MAX_REQUEST_BYTES - 1));
    await Promise.race(heavy.map((client) => client.closed));
    const refused = heavy.filter((client) => client.answers.length > 0);
    expect(refused[0]?.answers).toMatchObject([{ error: { message: 'too many long requests at once' } }]);
    expect(await new Client(path).ask(1)).toEqual(resultOf(1));
  });
});

describe('a client that takes its time', () => {
  /** Lets `ms` pass for the server, with whatever was sent before read. */
  const pass = async (path: string, ms: number): Promise<void> => {
    await new Client(path).ask(0);
    vi.advanceTimersByTime(ms);
  };

  it('is cut off 10 s after the first byte of a request, however it goes on; others are answered meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = await serve();
    const slow = new Client(path);
    await slow.connected();
    for (let second = 0; second < 10; second += 1) {
      await new Promise((resolve) => slow.socket.write('{', resolve));
      await pass(path, second === 9 ? 999 : 1_000);
      expect(await new Client(path).ask(1)).toEqual(resultOf(1));
    }
    expect(slow.answers).toEqual([]);
    expect(slow.isClosed).toBe(false);
    await pass(path, 1);
    expect(await slow.take(1)).toMatchObject([{ error: { message: 'the request took too long to arrive' } }]);
    await slow.closed;
  });

  it('is cut off when it says nothing for 10 s at first', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = await serve();
    const silent = new Client(path);
    await silent.connected();
    await pass(path, 9_999);
    expect(silent.isClosed).toBe(false);
    await pass(path, 1);
    await silent.closed;
    expect(silent.answers).toEqual([]);
  });

  it('may be silent for hours between two requests', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = await serve();
    const client = new Client(path);
    expect(await client.ask(1)).toEqual(resultOf(1));
    await pass(path, 3_600_000);
    expect(await client.ask(2)).toEqual(resultOf(2));
  });
});

describe('too many clients', () => {
  it('that say nothing keep nobody out', async () => {
    const path = await serve();
    const silent = Array.from({ length: 300 }, () => new Client(path));
    await Promise.all(silent.map((client) => client.connected()));
    expect(await new Client(path).ask(1)).toEqual(resultOf(1));
  });

  it('that have asked once keep nobody out, and those who still wait for an answer are kept', async () => {
    const waiting = new Map<unknown, () => void>();
    const path = await serve(({ id }) =>
      id === 1 ? Promise.resolve({ echo: 1 }) : new Promise((resolve) => waiting.set(id, () => resolve({ echo: id }))),
    );
    const first = new Client(path);
    first.socket.write(requestOf(2));
    await vi.waitFor(() => expect(waiting.size).toBe(1));
    for (let count = 0; count < 300; count += 1) expect(await new Client(path).ask(1)).toEqual(resultOf(1));
    waiting.get(2)?.();
    expect(await first.take(1)).toEqual([resultOf(2)]);
  });

  it('are bounded', async () => {
    const path = await serve(() => new Promise(() => {}));
    const busy = Array.from({ length: 260 }, () => new Client(path));
    for (const client of busy) client.socket.write(requestOf(1));
    await Promise.race(busy.map((client) => client.closed));
    await vi.waitFor(() => expect(busy.filter((client) => client.isClosed)).toHaveLength(60));
  });
});
