// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProcessDetails } from '../../src/protocol/process-view.ts';
import { TestHome } from '../helpers/home.ts';

const headline = async (home: TestHome, name: string): Promise<string> =>
  (await home.ok(['show', name])).split('\n')[0] as string;

const details = async (home: TestHome, name: string, ...more: string[]): Promise<ProcessDetails> =>
  (JSON.parse(await home.ok(['show', '--json', ...more, name])) as [ProcessDetails])[0];

describe.concurrent('procctl show', () => {
  it('answers why a process is down, or what it waits for, in its first line', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'up', 'sleep', '1000');
    await home.until('up', ({ reason }) => reason === 'sleep', 'asleep');
    expect(await headline(home, 'up')).toBe('up is up: asleep until there is something to do');
    const line = 'echo starting >&2; echo "Error: no database" >&2; exit 3';
    await home.spawn('--name', 'once', '--restart', 'no', '--shell', line);
    await home.until('once', ({ state }) => state === 'exited', 'exited');
    expect(await headline(home, 'once')).toBe(
      'once is down: it exited with code 3, and is not to be restarted; last words on stderr: Error: no database',
    );
    await home.spawn('--name', 'loop', '--backoff', '1ms', '--max-restarts', '2', '--shell', 'kill -SEGV $$');
    await home.until('loop', ({ state }) => state === 'failed', 'failed');
    expect(await headline(home, 'loop')).toBe('loop is down: SIGSEGV ended it, 2 restarts in 60s');
    await home.ok(['stop', 'up']);
    expect(await headline(home, 'up')).toBe('up is down: it was told to stop; SIGTERM ended it');
    await home.spawn('--name', 'fine', 'true');
    await home.until('fine', ({ state }) => state === 'exited', 'exited');
    expect(await headline(home, 'fine')).toMatch(/^fine is down: it exited with code 0, which is no failure/);
  });

  it('names who holds the port that the process could not get', async () => {
    const home = new TestHome();
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const listen = `require('net').createServer().listen(${port}, '127.0.0.1')`;
    await home.spawn('--name', 'late', '--restart', 'no', process.execPath, '-e', listen);
    await home.until('late', ({ state }) => state === 'exited', 'exited');
    const { portConflict } = await details(home, 'late');
    expect(portConflict).toEqual({ port, pid: process.pid, command: expect.any(String) });
    expect(await headline(home, 'late')).toMatch(
      new RegExp(
        `^late is down: it exited with code 1.*EADDRINUSE.*; port ${port} is held by pid ${process.pid} \\(.+\\)$`,
      ),
    );
    // The daemon may be dead: the answer is the same.
    await home.killDaemon();
    expect(await details(home, 'late')).toMatchObject({ portConflict: { port, pid: process.pid } });
    server.close();
  });

  it('has all that is known in --json', async () => {
    const home = new TestHome();
    const options = [
      '--ok-exit-codes',
      '3',
      '--max-restarts',
      'unlimited',
      '--within',
      '30s',
      '--backoff',
      '100ms..2s',
    ];
    options.push(
      '--stop-signal',
      'INT',
      '--stop-timeout',
      '1.5s',
      '--log-max-size',
      '1M',
      '--log-keep',
      '3',
      '--nice',
      '5',
    );
    options.push('--limit', 'nofile=100:200', '--stable-after', '20s', '--restart', 'always');
    await home.spawn(
      '--name',
      'full',
      ...options,
      'sh',
      '-c',
      '[ -e twice ] || { touch twice; exit 4; }; sleep 1000 & wait',
    );
    await home.until('full', ({ restarts, reason }) => restarts === 1 && reason === 'sleep', 'in its second run');
    const full = await details(home, 'full');
    expect(full).toMatchObject({
      ...{ argv: ['sh', '-c', expect.any(String)], okExitCodes: [0, 3], maxRestarts: null, withinMs: 30_000 },
      ...{ backoffMinMs: 100, backoffMaxMs: 2000, stableAfterMs: 20_000, stopSignal: 'SIGINT', stopTimeoutMs: 1500 },
      ...{
        logMaxBytes: 2 ** 20,
        logKeep: 3,
        logDroppedLines: 0,
        nice: 5,
        limits: { nofile: { soft: 100, hard: 200 } },
        user: null,
      },
      ...{ directory: join(home.path, 'processes', '1'), stderrTail: [], portConflict: null, restart: 'always' },
      ...{ ports: [], onCpuShare: expect.any(Number), createdAt: expect.stringMatching(/Z$/) },
    });
    expect(full.history).toEqual([
      {
        ...{ run: 1, pid: expect.any(Number), exitCode: 4, signal: null, unknown: null },
        ...{
          startedAt: expect.stringMatching(/Z$/),
          exitedAt: expect.stringMatching(/Z$/),
          uptimeMs: expect.any(Number),
        },
      },
    ]);
    expect(full.tree.map(({ command }) => command)).toEqual([
      expect.stringContaining('sh'),
      expect.stringContaining('sleep'),
    ]);
    expect(full.tree[0]?.pid).toBe(full.pid);
  });

  it('keeps the values of variables to itself unless --env asks for them', async () => {
    const home = new TestHome();
    const env = { TOKEN: 'hunter2-secret' };
    await home.ok(['spawn', '--name', 'keeper', '-e', 'OTHER=s3cr3t', 'sleep', '1000'], { env });
    for (const args of [
      ['show', 'keeper'],
      ['show', '--json', 'keeper'],
      ['ps', '--json', '--wide'],
      ['ps', '--wide'],
    ]) {
      expect(await home.ok(args)).not.toMatch(/hunter2|s3cr3t/);
    }
    expect(await home.ok(['events', '--json'])).not.toMatch(/hunter2|s3cr3t/);
    expect((await details(home, 'keeper')).env).toMatchObject({ TOKEN: null, OTHER: null });
    expect((await details(home, 'keeper', '--env')).env).toMatchObject({ TOKEN: 'hunter2-secret', OTHER: 's3cr3t' });
    expect(await home.ok(['show', '--env', 'keeper'])).toMatch(/TOKEN.*hunter2-secret/);
    // Nor do they stand in the command line of anything that is alive.
    for (const { command } of home.alive()) expect(command).not.toMatch(/hunter2|s3cr3t/);
  });

  it('lets no text of a process drive the terminal', async () => {
    const home = new TestHome();
    const line = 'printf "\\033[2J\\007bad \\302\\233 words\\n" >&2; exit 1';
    await home.ok(['spawn', '--name', 'rude', '--restart', 'no', '-e', 'V=\u001b[31m', '--shell', line]);
    await home.until('rude', ({ state }) => state === 'exited', 'exited');
    expect(await home.ok(['show', '--env', 'rude'])).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$/);
  });
});
