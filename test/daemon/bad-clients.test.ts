import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { MAX_REQUEST_BYTES } from '../../src/protocol/rpc.ts';
import type { RpcAnswer } from '../../src/protocol/rpc-message.ts';
import { TestHome } from '../helpers/home.ts';
import { waitFor } from '../helpers/procctl.ts';

const MARGIN_BYTES = 20 * 1024 ** 2;

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** As the kernel counts it. Asking the daemon itself would keep it from coming to rest. */
const memoryOf = (pid: number | null): number =>
  Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;

const connect = async (path: string): Promise<Socket> => {
  const socket = createConnection({ path, allowHalfOpen: true });
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
};

const request = (id: number, method: string, params: object): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;

/** Everything the daemon says until it lets go. */
const answersOf = async (socket: Socket): Promise<RpcAnswer[]> => {
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RpcAnswer);
};

describe('the daemon', () => {
  it('answers ps (promise 17) and keeps its memory while clients send garbage, far too much, far too slowly, or nothing', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'napper', 'sleep', '1000');
    for (let times = 0; times < 5; times += 1) await home.list();
    const { pid, socket: path } = await home.daemon();
    const memoryBefore = memoryOf(pid);
    const open = async (count: number): Promise<Socket[]> =>
      Promise.all(Array.from({ length: count }, () => connect(path)));
    const slow = await open(20);
    for (const socket of slow) socket.write('{"jsonrpc"');
    const silent = await open(60);
    for (const socket of await open(10)) {
      socket.resume();
      for (let times = 0; times < 8; times += 1)
        socket.write(Buffer.concat([randomBytes(64 * 1024), Buffer.from('\n')]));
    }
    for (const socket of await open(10)) {
      socket.resume();
      socket.write('x'.repeat(MAX_REQUEST_BYTES + 1));
    }
    const huge = await open(3);
    for (const socket of huge) {
      socket.resume();
      socket.write(request(1, 'process.show', { names: Array(10_000).fill('x'.repeat(400)), env: true }));
      socket.write('['.repeat(MAX_REQUEST_BYTES - 1));
    }
    expect((await home.view('napper')).alive).toBe(true);
    for (const socket of slow) socket.write(':');
    const lively = [...slow, ...silent].filter((socket) => !socket.destroyed && !socket.readableEnded);
    expect(lively.length, 'nobody had to be let go for that').toBe(80);
    for (const socket of sockets) socket.destroy();
    // Garbage is collected again after half a minute, at the earliest, if there is not much of it.
    await waitFor(() => memoryOf(pid) < memoryBefore + MARGIN_BYTES, 'its memory is where it was', 45_000);
    expect((await home.daemon()).pid).toBe(pid);
    expect((await home.view('napper')).alive).toBe(true);
  });

  it('is there for a new client, however many others have asked once and sit there', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'napper', 'sleep', '1000');
    const { socket: path, pid } = await home.daemon();
    for (let count = 0; count < 250; count += 1) {
      const socket = await connect(path);
      socket.write(request(1, 'daemon.status', {}));
      await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    }
    expect((await home.view('napper')).alive).toBe(true);
    expect((await home.daemon()).pid).toBe(pid);
  });

  it('does not tell a client that has stopped asking that a process has ended which still runs', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'napper', 'sleep', '1000');
    const socket = await connect((await home.daemon()).socket);
    socket.end(request(1, 'process.wait', { names: ['napper'], timeoutMs: null }));
    const answers = await answersOf(socket);
    expect(answers).toMatchObject([{ id: 1, error: {} }]);
    expect((await home.view('napper')).alive).toBe(true);
  });
});
