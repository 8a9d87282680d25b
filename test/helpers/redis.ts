import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './ports.ts';
import { type ProcctlOptions, type RunningProcctl, scratch, startProcctl, waitFor } from './procctl.ts';

/** The server of the tests: `valkey-server` in PROCCTL_TEST_REDIS_SERVER has them run with Valkey. */
const SERVER = process.env.PROCCTL_TEST_REDIS_SERVER ?? 'redis-server';

/** Whether there is a Redis to be tested with; where there is none, a loud word says what is not tested. */
export const hasRedis = spawnSync(SERVER, ['--version']).status === 0;
if (!hasRedis)
  console.error(`\n*** NO ${SERVER} HERE: NOTHING OF POOLS ON REDIS IS TESTED (Debian: redis-server) ***\n`);

/** Where a Redis of a test is, if not on a loopback port. */
export interface RedisPlace {
  readonly host?: string;
  readonly port?: number;
  /** Words that put a command where the server can be started and reached. */
  readonly inside?: readonly string[];
  /** A directory with `ca.crt`, `server.crt` and `server.key`: it speaks TLS, and nothing else. */
  readonly tls?: string;
}

/** A Redis of a test's own, on a loopback port of its own. */
export class TestRedis {
  readonly port: number;
  readonly url: string;
  readonly #directory = scratch();
  readonly #args: readonly string[];
  readonly #host: string;
  readonly #inside: readonly string[];
  readonly #tls: string | undefined;
  #child: ChildProcess | undefined;

  private constructor(port: number, { host = '127.0.0.1', inside = [], tls }: RedisPlace, args: readonly string[]) {
    this.port = port;
    this.url = `${tls === undefined ? 'redis' : 'rediss'}://${host}:${port}`;
    this.#host = host;
    this.#inside = inside;
    this.#tls = tls;
    this.#args = args;
  }

  static start(...args: readonly string[]): Promise<TestRedis> {
    return TestRedis.startAt({}, ...args);
  }

  static async startAt(place: RedisPlace, ...args: readonly string[]): Promise<TestRedis> {
    const redis = new TestRedis(place.port ?? (await freePort()), place, args);
    await redis.begin();
    return redis;
  }

  async begin(): Promise<void> {
    const port = String(this.port);
    const tls = this.#tls;
    const ports =
      tls === undefined
        ? ['--port', port]
        : ['--port', '0', '--tls-port', port, '--tls-cert-file', `${tls}/server.crt`].concat(
            ['--tls-key-file', `${tls}/server.key`, '--tls-ca-cert-file', `${tls}/ca.crt`],
            ['--tls-auth-clients', 'no'],
          );
    const options = [...ports, '--bind', this.#host, '--save', '', '--appendonly', 'yes', '--dir', this.#directory];
    const [file, ...words] = [...this.#inside, SERVER, ...options, ...this.#args];
    this.#child = spawn(file as string, words, { stdio: 'ignore' });
    // Until it has read its file it says that it is loading.
    await waitFor(() => /^(?:PONG|NOAUTH)/.test(this.cli('PING')[0] ?? ''), `${SERVER} answers`);
  }

  /** Ends it: in order, or as a machine that loses its power. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    // What stands still cannot end.
    child.kill('SIGCONT');
    await gone;
  }

  /** Lets it stand still, as a network that drops everything. */
  freeze(isFrozen: boolean): void {
    this.#child?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** What `redis-cli` prints, a line each. */
  cli(...words: readonly string[]): string[] {
    const path = this.#tls;
    const own = ['--cert', `${path}/server.crt`, '--key', `${path}/server.key`];
    const tls = path === undefined ? [] : ['--tls', '--cacert', `${path}/ca.crt`, ...own];
    const client = ['redis-cli', '-h', this.#host, '-p', String(this.port), ...tls];
    const [file, ...rest] = [...this.#inside, ...client, ...words];
    const { stdout } = spawnSync(file as string, rest, { encoding: 'utf8' });
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** Keys of jobs and of procctl; not those that BullMQ keeps of a queue. */
  leftKeys(queue = 'procctl'): string[] {
    const kept = new Set(
      ['events', 'id', 'meta', 'stalled-check', 'marker', 'stalled'].map((name) => `bull:${queue}:${name}`),
    );
    return this.cli('--raw', 'KEYS', '*').filter((key) => !kept.has(key));
  }

  /** A worker that has connected. */
  async worker(args: readonly string[] = [], options: ProcctlOptions = {}): Promise<RunningProcctl> {
    const worker = startProcctl(['worker', this.url, ...args], options);
    await waitFor(() => worker.stderr.includes('connected to') || !worker.isRunning, 'the worker is connected');
    return worker;
  }
}

/** A Redis for one test, with what was started on it. */
export const withRedis = async (
  use: (redis: TestRedis) => Promise<void>,
  ...args: readonly string[]
): Promise<void> => {
  const redis = await TestRedis.start(...args);
  try {
    await use(redis);
  } finally {
    await redis.end('SIGKILL');
  }
};
