import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RpcAnswer } from '../../src/protocol/rpc-message.ts';
import { TestHome } from '../helpers/home.ts';
import { waitFor } from '../helpers/procctl.ts';
import { specOf } from '../helpers/shim.ts';

const COUNT = 24;

const REQUEST = {
  ...specOf({ argv: ['sleep', '1000'], env: { PATH: process.env.PATH ?? '/usr/bin:/bin' } }),
  name: 'w',
  defaultName: 'sleep',
  instances: COUNT,
};

const names = Array.from({ length: COUNT }, (_, index) => `w-${index + 1}`);

interface Call {
  readonly method: string;
  readonly params: object;
}

/** Asks for these at once, over a connection of its own. @returns the answers, as they come */
const askAll = async (home: TestHome, calls: readonly Call[]): Promise<RpcAnswer[]> => {
  const { socket: path } = await home.daemon();
  const socket = createConnection({ path });
  const lines = calls.map((call, id) => `${JSON.stringify({ jsonrpc: '2.0', id, ...call })}\n`);
  socket.setEncoding('utf8').write(lines.join(''));
  let text = '';
  socket.on('data', (piece: string) => {
    text += piece;
    if (text.split('\n').length > calls.length) socket.end();
  });
  await once(socket, 'close');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as RpcAnswer]));
};

const spawnCall = (home: TestHome, token: string): Call => ({
  method: 'process.spawn',
  params: { request: { ...REQUEST, cwd: home.work }, token },
});

const ask = async (home: TestHome, token: string): Promise<RpcAnswer> => {
  const [answer] = await askAll(home, [spawnCall(home, token)]);
  return answer as RpcAnswer;
};

/** Each is there once, and lives. */
const checkAll = async (home: TestHome): Promise<void> => {
  const views = await home.list();
  expect(views.map(({ name }) => name)).toEqual(names);
  expect(views.filter(({ alive }) => alive)).toHaveLength(COUNT);
  expect(new Set(views.map(({ pid }) => pid)).size).toBe(COUNT);
  const sleepers = home.alive().filter(({ command }) => command === 'sleep 1000');
  expect(sleepers.map(({ pid }) => pid).sort()).toEqual(views.map(({ pid }) => pid).sort());
};

describe.concurrent('many instances', () => {
  it('are all there, and none twice, when the daemon is killed while they are being started (promise 1)', async () => {
    const home = new TestHome();
    for (let round = 0; round < 8; round += 1) {
      await home.ok(['daemon', 'start']);
      const spawned = home.run(['spawn', '-i', String(COUNT), '--name', 'w', '--restart', 'no', 'sleep', '1000']);
      const wanted = round * 3;
      await waitFor(async () => {
        const count = (await home.list()).length;
        return count > wanted || count === COUNT;
      }, `more than ${wanted} are there`);
      await home.killDaemon();
      expect(await spawned).toMatchObject({ code: 0 });
      await checkAll(home);
      await home.ok(['rm', '--now', 'all']);
      await waitFor(() => !home.alive().some(({ command }) => command === 'sleep 1000'), 'all are gone');
    }
  });

  it('are started once when the same is asked twice at a time, as after a lost connection', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    const [one, other] = await Promise.all([ask(home, '5a3e0000'), ask(home, '5a3e0000')]);
    expect(one).toMatchObject({ result: { processes: { length: COUNT } } });
    expect(other).toEqual(one);
    await checkAll(home);
  });

  it('have their names from the beginning: who asks for one of them meanwhile is refused', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    const answers = await Promise.all([ask(home, '00000001'), ask(home, '00000002')]);
    expect(answers.filter((answer) => 'result' in answer)).toHaveLength(1);
    expect(answers.filter((answer) => 'error' in answer)).toMatchObject([
      { error: { message: expect.stringContaining('named w already') } },
    ]);
    await checkAll(home);
  });

  it.each([
    { method: 'daemon.stop', params: { keep: false } },
    { method: 'process.stop', params: { names: ['all'], now: false } },
    { method: 'process.remove', params: { names: ['w'], now: true } },
  ])('are all ended by a $method that comes while they are being made', async (call) => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    const answers = await askAll(home, [spawnCall(home, '00000003'), call]);
    const [first] = answers.filter(({ id }) => id === 1);
    expect(Object.values(first?.result ?? {})).toMatchObject([{ length: COUNT }]);
    expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toEqual([]);
  });

  it('leave nothing behind when the disk takes no more in the middle of them', async () => {
    const home = new TestHome();
    await home.ok(['daemon', 'start']);
    const processes = join(home.path, 'processes');
    // The last one cannot be made.
    mkdirSync(join(processes, `.new-${COUNT}`));
    const answer = await ask(home, '00000004');
    expect(answer).toMatchObject({ error: { message: expect.stringContaining('cannot keep the process on disk') } });
    expect(await home.list()).toEqual([]);
    expect(readdirSync(processes)).toEqual([]);
    expect(home.alive().filter(({ command }) => command === 'sleep 1000')).toEqual([]);
  });

  it('can be removed when their status cannot be written any more', async () => {
    const home = new TestHome();
    await home.ok(['spawn', '-i', '2', '--name', 'w', 'sleep', '1000']);
    mkdirSync(join(home.path, 'processes', '1', 'status.json.new'));
    await home.ok(['rm', 'w-1']);
    expect((await home.list()).map(({ name }) => name)).toEqual(['w-2']);
  });
});
