import {
  type Ended,
  type ProcctlOptions,
  type RunningProcctl,
  recordsOf,
  runProcctl,
  startProcctl,
} from './procctl.ts';
import type { TestRedis } from './redis.ts';

/** Batches on a Redis, as somebody uses them. */
export class Batches {
  readonly #redis: TestRedis;

  constructor(redis: TestRedis) {
    this.#redis = redis;
  }

  /** @returns the name it was given */
  async detach(tasks: readonly unknown[], args: readonly string[] = [], options: ProcctlOptions = {}): Promise<string> {
    const ended = await this.run(['--detach', ...args, '-'], { input: JSON.stringify(tasks), ...options });
    if (ended.code !== 0) throw new Error(`--detach has ended with ${ended.code}: ${ended.stderr}`);
    return ended.stdout.toString().trim();
  }

  /** Records by their tasks. */
  async follow(name: string, args: readonly string[] = [], options: ProcctlOptions = {}) {
    const ended = await this.run(['--follow', name, '--json', ...args], options);
    return { ...ended, records: recordsOf(ended.stdout).sort((a, b) => a.seq - b.seq) };
  }

  run(args: readonly string[], options: ProcctlOptions = {}): Promise<Ended> {
    return runProcctl(['pool', '--on', this.#redis.url, ...args], options);
  }

  start(args: readonly string[], options: ProcctlOptions = {}): RunningProcctl {
    return startProcctl(['pool', '--on', this.#redis.url, ...args], options);
  }

  async list(): Promise<readonly Record<string, unknown>[]> {
    return JSON.parse((await this.run(['--batches', '--json'])).stdout.toString());
  }

  /** Keys of batches, those of the queue beside. */
  keys(): string[] {
    return this.#redis.cli('--raw', 'KEYS', 'procctl:*');
  }

  /** `SEQ ATTEMPT` of each end that was taken. */
  ends(): string[] {
    const [log = ''] = this.keys().filter((key) => key.endsWith(':log'));
    const words = this.#redis.cli('--raw', 'XRANGE', log, '-', '+');
    return words.flatMap((word, index) => {
      if (word !== 'k' || words[index + 1] !== 'end') return [];
      return [`${words[index + 3]} ${words[index + 5]}`];
    });
  }
}
