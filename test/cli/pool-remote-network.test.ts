// Hosts in network namespaces of their own, with cables that can be pulled.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TestNetwork, whyNoNetwork } from '../helpers/net-namespace.ts';
import { type RunningProcctl, recordsOf, scratch, startProcctl, statusOf, waitFor } from '../helpers/procctl.ts';
import { hasRedis, TestRedis } from '../helpers/redis.ts';

const why = whyNoNetwork();
if (why !== undefined)
  console.error(`\n*** NO NETWORK NAMESPACES HERE, SO HOSTS THAT ARE CUT OFF ARE NOT TESTED: ${why} ***\n`);
const PORT = 6379;

const linesOf = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];

const times = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

interface Site {
  readonly network: TestNetwork;
  readonly redis: TestRedis;
  start(host: string, words: readonly string[], input?: string): RunningProcctl;
  worker(host: string, ...words: string[]): Promise<RunningProcctl>;
  pool(host: string, tasks: readonly unknown[], ...words: string[]): RunningProcctl;
}

const withSite = async (hosts: readonly string[], use: (site: Site) => Promise<void>): Promise<void> => {
  const network = new TestNetwork(hosts);
  const started: RunningProcctl[] = [];
  let redis: TestRedis | undefined;
  try {
    redis = await TestRedis.startAt(
      { host: '0.0.0.0', port: PORT, inside: network.inside() },
      '--protected-mode',
      'no',
    );
    const start: Site['start'] = (host, words, input = '') => {
      const procctl = startProcctl(words, { input, before: network.before(host) });
      started.push(procctl);
      return procctl;
    };
    const urlOf = (host: string): string => `redis://${network.hubFor(host)}:${PORT}`;
    await use({
      network,
      redis,
      start,
      async worker(host, ...words) {
        const worker = start(host, ['worker', urlOf(host), ...words]);
        await waitFor(() => worker.stderr.includes('connected to') || !worker.isRunning, 'the worker is connected');
        expect(worker.isRunning).toBe(true);
        return worker;
      },
      pool: (host, tasks, ...words) =>
        start(host, ['pool', '--on', urlOf(host), '--json', ...words, '-'], JSON.stringify(tasks)),
    });
  } finally {
    await Promise.all(started.map((procctl) => procctl.discard()));
    await redis?.end('SIGKILL');
    network.close();
  }
};

/** Takes as long as nobody else does the first time, and ends well at the second. */
const twice = (file: string): string => `echo x >>${file}; echo try; test $(wc -l <${file}) -ge 2 || sleep 61.9`;

describe.runIf(hasRedis && why === undefined)('hosts on a network', { concurrent: true, timeout: 120_000 }, () => {
  it('have the tasks of one that is cut off run by the other; what it ran is ended there, and its late result refused', async () => {
    await withSite(['alpha', 'beta', 'gamma'], async ({ network, redis, worker, pool }) => {
      const directory = scratch();
      const alpha = await worker('alpha', '--size', '3', '--lock', '3s', '--connect-timeout', '0');
      const late = `echo x >>${directory}/c; echo $(hostname); test $(wc -l <${directory}/c) -ge 2 || sleep 5`;
      const run = pool('gamma', [twice(`${directory}/a`), twice(`${directory}/b`), late]);
      await waitFor(
        () => ['a', 'b', 'c'].every((name) => linesOf(`${directory}/${name}`).length === 1),
        'three at work',
      );
      const beta = await worker('beta', '--size', '3', '--lock', '3s');
      network.cut('alpha');
      // It is alone, and ends what it runs although nobody tells it to.
      await waitFor(() => times(alpha.stderr, /its lock is lost/g) >= 2, 'alpha gives its tasks up');
      await waitFor(() => !alpha.family().some(({ command }) => command.includes('61.9')), 'alpha ends its tasks');
      const { code, stdout } = await run.ended;
      expect(code).toBe(0);
      const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
      expect(
        records.map((record) => [
          record.state,
          record.attempts,
          record.stdout,
          (record as never as { host: string }).host,
        ]),
      ).toEqual([
        ['succeeded', 1, 'try\n', 'beta'],
        ['succeeded', 1, 'try\n', 'beta'],
        ['succeeded', 1, 'beta\n', 'beta'],
      ]);
      await waitFor(() => alpha.stderr.includes('cut off from'), 'alpha says so');
      network.mend('alpha');
      await waitFor(() => alpha.stderr.includes('is back after'), 'alpha is back');
      // It works on as if nothing had been.
      beta.signal('SIGTERM');
      expect(statusOf(await beta.ended)).toBe(0);
      const again = pool('gamma', ['hostname']);
      expect(recordsOf((await again.ended).stdout)[0]?.stdout).toBe('alpha\n');
      expect(redis.leftKeys()).toEqual([]);
      expect(times(alpha.stderr, /cut off from/g)).toBe(1);
      expect(times(alpha.stderr, /is back after/g)).toBe(1);
    });
  });
  it('lose nothing when the one with the pool is cut off for a while, and say so once', async () => {
    await withSite(['alpha', 'gamma'], async ({ network, redis, worker, pool }) => {
      const directory = scratch();
      const alpha = await worker('alpha', '--size', '4');
      const tasks = Array.from(
        { length: 120 },
        (_, n) => `echo ${n} >>${directory}/ran; sleep 0.5; head -c 3000 /dev/zero; echo ${n}`,
      );
      const run = pool('gamma', tasks, '--size', '40');
      await waitFor(() => linesOf(`${directory}/ran`).length >= 8, 'some have run');
      network.cut('gamma');
      await waitFor(() => run.stderr.includes('cut off from'), 'it notices');
      network.mend('gamma');
      const { code, stdout, stderr } = await run.ended;
      expect(code).toBe(0);
      const records = recordsOf(stdout).sort((a, b) => a.seq - b.seq);
      expect(
        records.map(({ state, attempts, stdout: text }) => `${state} ${attempts} ${text?.replaceAll('\0', '')}`),
      ).toEqual(tasks.map((_, n) => `succeeded 1 ${n}\n`));
      expect(linesOf(`${directory}/ran`)).toHaveLength(120);
      expect(times(stderr, /cut off from/g)).toBe(1);
      expect(times(stderr, /is back after/g)).toBe(1);
      expect(alpha.stderr).not.toContain('cut off');
      expect(redis.leftKeys()).toEqual([]);
    });
  });
  it('notice that nobody answers any more, and end with 125 when that does not change', async () => {
    await withSite(['alpha', 'gamma'], async ({ network, worker, pool }) => {
      const directory = scratch();
      const idle = await worker('gamma', '--size', '1', '--queue', 'idle', '--connect-timeout', '2s');
      const alpha = await worker('alpha', '--size', '1', '--connect-timeout', '2s');
      const run = pool('gamma', [`: >${directory}/a; sleep 62.8`], '--connect-timeout', '2s');
      await waitFor(() => existsSync(`${directory}/a`), 'the task is at work');
      network.cut('alpha');
      network.cut('gamma');
      for (const procctl of [idle, alpha, run]) {
        const { code, stderr } = await procctl.ended;
        expect(code).toBe(125);
        expect(stderr).toMatch(/has not come back within 2s: (?:nothing was heard for 10s|connect E\w+)/);
      }
      expect(alpha.family()).toEqual([]);
    });
  });
  it('go on after many short cuts', async () => {
    await withSite(['alpha', 'beta', 'gamma'], async ({ network, redis, worker, pool }) => {
      await worker('alpha', '--size', '2', '--lock', '5s');
      await worker('beta', '--size', '2', '--lock', '5s');
      const tasks = Array.from(
        { length: 200 },
        (_, n) => `sleep 0.1; head -c 20000 /dev/zero | tr '\\0' 'a'; echo ${n}`,
      );
      const run = pool('gamma', tasks);
      for (let round = 0; run.isRunning && round < 30; round += 1) {
        const host = ['alpha', 'beta', 'gamma'][round % 3] as string;
        await sleep(100);
        network.cut(host);
        await sleep(50 * (round % 7));
        network.mend(host);
      }
      const { code, stdout } = await run.ended;
      expect(code).toBe(0);
      const texts = recordsOf(stdout)
        .sort((a, b) => a.seq - b.seq)
        .map(({ stdout: text }) => text);
      expect(texts).toEqual(tasks.map((_, n) => `${'a'.repeat(20_000)}${n}\n`));
      expect(redis.leftKeys()).toEqual([]);
    });
  });
});
