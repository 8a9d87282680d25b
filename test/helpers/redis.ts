import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from './ports.ts';
import { type ProcctlOptions, type RunningProcctl, scratch, startProcctl, waitFor } from './procctl.ts';

/** Whether there is a Redis to be tested with; where there is none, a loud word says what is not tested. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis)
  console.error('\n*** NO redis-server HERE: NOTHING OF POOLS ON REDIS IS TESTED (Debian: redis-server) ***\n');

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      // Until it has read its file it says -LOADING.
      resolve(/^(?:\+PONG|-NOAUTH)/.test(data.toString('latin1')));
    });
    socket.once('error', () => resolve(false));
  });

/** A Redis of a test's own, on a loopback port of its own. */
export class TestRedis {
  readonly port: number;
  readonly url: string;
  readonly #directory = scratch();
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#args = args;
  }

  static async start(...args: readonly string[]): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), args);
    await redis.begin();
    return redis;
  }

  async begin(): Promise<void> {
    const { port } = this;
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes'];
    const child = spawn('redis-server', [...options, '--dir', this.#directory, ...this.#args], { stdio: 'ignore' });
    this.#child = child;
    await waitFor(() => answers(port), 'redis-server answers');
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
    const { stdout } = spawnSync('redis-cli', ['-p', String(this.port), ...words], { encoding: 'utf8' });
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
