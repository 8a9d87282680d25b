import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const run = (...words: readonly string[]): string | undefined => {
  const [file, ...rest] = words;
  const { status, stderr, error } = spawnSync(file as string, rest, { encoding: 'utf8' });
  return status === 0 ? undefined : `${words.join(' ')}: ${(error?.message ?? stderr).trim()}`;
};

const must = (...words: readonly string[]): void => {
  const problem = run(...words);
  if (problem !== undefined) throw new Error(problem);
};

/** Why there can be no such network here; undefined: there can. */
export const whyNoNetwork = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'only root can make network namespaces';
  try {
    const network = new TestNetwork(['a']);
    network.close();
    return run('unshare', '--uts', 'true');
  } catch (error) {
    return (error as Error).message;
  }
};

/**
 * Hosts on a network of their own: one that all can reach (10.77.i.1), and others with a cable to it each (10.77.i.2). Nothing of it can
 * be seen from outside but the names of the namespaces, which are unique.
 */
export class TestNetwork {
  readonly #prefix = `procctl-test-${randomBytes(4).toString('hex')}`;
  readonly #hosts: readonly string[];
  readonly #made: string[] = [];

  /** @param hosts their names */
  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    try {
      this.#make('hub');
      for (const [index, host] of hosts.entries()) {
        this.#make(host);
        const [hub, there] = [this.#name('hub'), this.#name(host)];
        must('ip', '-n', hub, 'link', 'add', `to-${host}`, 'type', 'veth', 'peer', 'name', 'cable', 'netns', there);
        must('ip', '-n', hub, 'addr', 'add', `10.77.${index}.1/24`, 'dev', `to-${host}`);
        must('ip', '-n', there, 'addr', 'add', `10.77.${index}.2/24`, 'dev', 'cable');
        must('ip', '-n', hub, 'link', 'set', `to-${host}`, 'up');
        must('ip', '-n', there, 'link', 'set', 'cable', 'up');
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Words that put a command on a host, or on the one that all can reach. */
  inside(host = 'hub'): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name(host)];
  }

  /** Shell text for `before` of startProcctl: it runs there, and believes that this is the name of its machine. */
  before(host: string): string {
    const here = `hostname ${host}; exec "$@"`;
    return `exec ${this.inside(host).join(' ')} unshare --uts sh -c '${here}' sh "$@"`;
  }

  /** The address by which a host reaches the one that all can reach. */
  hubFor(host: string): string {
    return `10.77.${this.#hosts.indexOf(host)}.1`;
  }

  /** Pulls the cable of a host: packets are dropped, and nobody is told. No connection ends by that. */
  cut(host: string): void {
    must('ip', '-n', this.#name('hub'), 'link', 'set', `to-${host}`, 'down');
  }

  mend(host: string): void {
    must('ip', '-n', this.#name('hub'), 'link', 'set', `to-${host}`, 'up');
  }

  close(): void {
    for (const name of this.#made.splice(0)) {
      for (const pid of spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout.split('\n')) {
        try {
          if (pid !== '') process.kill(Number(pid), 'SIGKILL');
        } catch {
          // gone in between
        }
      }
      run('ip', 'netns', 'del', name);
    }
  }

  #make(host: string): void {
    const name = this.#name(host);
    must('ip', 'netns', 'add', name);
    this.#made.push(name);
    must('ip', '-n', name, 'link', 'set', 'lo', 'up');
  }

  #name(host: string): string {
    return `${this.#prefix}-${host}`;
  }
}
