import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { pidsInSession } from '../helpers/marked.ts';
import { freePort } from '../helpers/ports.ts';
import { waitFor } from '../helpers/procctl.ts';

/** Whether a command is there; says so loudly if not. */
const has = (program: string, ...args: string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore', env: { PATH: process.env.PATH } });
    return true;
  } catch (error) {
    process.stderr.write(`SKIPPED, nothing is known of ${program}: ${(error as Error).message}\n`);
    return false;
  }
};

const HAS_NGINX = has('nginx', '-v');
const HAS_REDIS = has('redis-server', '--version');
const HAS_BENCHMARK = has('redis-benchmark', '--version');
const HAS_PYTHON = has('python3', '-c', 'import http.server');

/** The body that a web server answers with; undefined: it does not answer. */
const fetchFrom = (port: number, path: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? body : undefined));
    });
    request.on('error', () => resolve(undefined));
  });

/** What redis answers to a command; undefined: nothing. */
const askRedis = (port: number, command: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.setEncoding('latin1').once('data', (text) => {
      resolve(String(text));
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
  });

const killByHand = (pid: number): void => {
  process.kill(pid, 'SIGKILL');
};

const logOf = async (home: TestHome, name: string): Promise<string> => home.ok(['logs', '-n', 'all', name]);

const isFree = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });

interface Server {
  readonly name: string;
  readonly port: number;
  /** Arguments of `spawn`, from the program on. */
  readonly command: readonly string[];
  /** What it answers once it is up. */
  readonly answers: () => Promise<boolean>;
  /** What stands in its log then. */
  readonly logs: readonly RegExp[];
  /** Of its processes, the main one included. */
  readonly processes: number;
}

/** Started, logged, killed by hand and restarted, kept through the end of the daemon, stopped with nothing left. */
const liveOneLife = async (home: TestHome, server: Server): Promise<void> => {
  const { name, command, answers, logs, processes, port } = server;
  const { pid } = await home.spawn('--name', name, '--', ...command);
  await waitFor(answers, `${name} answers`);
  await waitFor(() => pidsInSession(pid).length === processes, `${name} has ${processes} processes`);
  for (const line of logs) {
    await waitFor(async () => line.test(await logOf(home, name)), `the log of ${name} has ${line}`);
  }

  killByHand(pid);
  const again = await home.until(name, (view) => view.alive && view.pid !== pid, 'is restarted');
  expect(again).toMatchObject({ restarts: 1, signal: 'SIGKILL', wanted: 'up' });
  await waitFor(answers, `${name} answers again`);
  await waitFor(
    () => pidsInSession(again.pid as number).length === processes,
    `${name} has ${processes} processes again`,
  );
  // Workers that the first main process has left are gone too.
  expect(pidsInSession(pid)).toEqual([]);

  await home.killDaemon();
  expect(await answers()).toBe(true);
  await home.ok(['daemon', 'start']);
  expect(await home.view(name)).toMatchObject({ alive: true, pid: again.pid, restarts: 1 });

  const { code, stdout, stderr } = await home.run(['stop', name]);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${name} stopped\n`, stderr: '' });
  expect(pidsInSession(again.pid as number)).toEqual([]);
  expect(await isFree(port)).toBe(true);
  expect(await home.view(name)).toMatchObject({ alive: false, state: 'exited', endedBy: 'stop' });
};

describe('servers as Debian has them', () => {
  it.skipIf(!HAS_NGINX)('nginx runs with its workers, is restarted whole, and stops with nothing left', async () => {
    const home = new TestHome();
    const port = await freePort();
    const prefix = join(home.work, 'nginx');
    for (const directory of ['logs', 'temp', 'www']) mkdirSync(join(prefix, directory), { recursive: true });
    writeFileSync(join(prefix, 'www', 'index.html'), 'hello from nginx');
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path temp/${kind};`);
    writeFileSync(
      join(prefix, 'nginx.conf'),
      `daemon off; worker_processes 3; pid nginx.pid; error_log /dev/stderr notice;
       ${process.getuid?.() === 0 ? 'user root;' : ''}
       events {}
       http {
         access_log /dev/stdout; ${temp.join(' ')}
         server { listen 127.0.0.1:${port}; root www; }
       }`,
    );
    await liveOneLife(home, {
      name: 'web',
      port,
      command: ['nginx', '-p', prefix, '-c', join(prefix, 'nginx.conf'), '-e', '/dev/stderr'],
      answers: async () => (await fetchFrom(port, '/index.html?asked')) === 'hello from nginx',
      logs: [/start worker process/, /GET \/index\.html\?asked/],
      processes: 4,
    });
  });

  it.skipIf(!HAS_REDIS)('redis-server runs, is restarted, and stops with nothing left', async () => {
    const home = new TestHome();
    const port = await freePort();
    await liveOneLife(home, {
      name: 'cache',
      port,
      command: ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', home.work],
      answers: async () => (await askRedis(port, 'PING')) === '+PONG\r\n',
      logs: [/Ready to accept connections/],
      processes: 1,
    });
  });

  it.skipIf(!HAS_PYTHON)('python3 -m http.server runs, is restarted, and stops with nothing left', async () => {
    const home = new TestHome();
    const port = await freePort();
    writeFileSync(join(home.work, 'page.txt'), 'hello from python');
    await liveOneLife(home, {
      name: 'files',
      port,
      command: ['python3', '-u', '-m', 'http.server', '--bind', '127.0.0.1', String(port)],
      answers: async () => (await fetchFrom(port, '/page.txt')) === 'hello from python',
      logs: [/"GET \/page\.txt HTTP\/1\.1" 200/],
      processes: 1,
    });
  });

  it.skipIf(!HAS_REDIS || !HAS_BENCHMARK)(
    'redis-benchmark does not notice that the daemon is killed and replaced',
    async () => {
      const home = new TestHome();
      const port = await freePort();
      const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', home.work];
      const { pid } = await home.spawn('--name', 'cache', '--', ...command);
      await waitFor(async () => (await askRedis(port, 'PING')) === '+PONG\r\n', 'redis answers');
      const requests = 200_000;
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-t',
        'set',
        '-n',
        String(requests),
        '-c',
        '20',
        '-q',
        '--csv',
      ];
      const benchmark = spawn('redis-benchmark', args, {
        cwd: home.work,
        env: home.env(),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      for (const stream of [benchmark.stdout, benchmark.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      }
      const ended = new Promise<number | null>((resolve) => benchmark.once('close', resolve));
      const done = async (): Promise<number> => {
        const stats = await askRedis(port, 'INFO commandstats');
        return Number(/cmdstat_set:calls=(\d+)/.exec(stats ?? '')?.[1] ?? 0);
      };
      let kills = 0;
      while (benchmark.exitCode === null && kills < 5) {
        const before = await done();
        await home.killDaemon();
        kills += 1;
        await waitFor(
          async () => benchmark.exitCode !== null || (await done()) > before,
          'requests go on without a daemon',
        );
        await home.ok(['daemon', 'start']);
      }
      expect(await ended).toBe(0);
      expect(kills).toBeGreaterThan(0);
      expect(said).not.toMatch(/error|refused|reset|closed/i);
      // Each request was answered, and carried out exactly once.
      expect(await done()).toBe(requests);
      expect(await askRedis(port, 'INFO errorstats')).not.toMatch(/errorstat_/);
      expect(await home.view('cache')).toMatchObject({ alive: true, pid, restarts: 0 });
      expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('redis-server\n');
    },
  );
});
