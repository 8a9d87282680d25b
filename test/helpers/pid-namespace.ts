import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CommandResult, TestHome } from './home.ts';
import { waitFor } from './procctl.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));
const LAST_PID = '/proc/sys/kernel/ns_last_pid';

/** Why there can be no such namespace here; undefined: there can. */
export const whyNoPidNamespace = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'only root can make a pid namespace';
  try {
    const shell = ['--pid', '--fork', '--mount-proc', 'sh', '-c', `echo 400 >${LAST_PID} || exit 1; : & echo $!`];
    const pid = execFileSync('unshare', shell, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    return pid === '401' ? undefined : `${LAST_PID}: asked for pid 401, got ${pid}`;
  } catch (error) {
    return `no pid namespace with ${LAST_PID}: ${(error as Error).message.trim()}`;
  }
};

/** A pid namespace with a home in it, where the next pid can be chosen. Pids are those of the namespace. */
export class PidNamespace {
  readonly #home: TestHome;
  readonly #unshare: ChildProcess;
  readonly #init: number;

  private constructor(home: TestHome, unshare: ChildProcess, init: number) {
    this.#home = home;
    this.#unshare = unshare;
    this.#init = init;
  }

  static async open(home: TestHome): Promise<PidNamespace> {
    // A shell that waits takes care of orphans, as pid 1 has to.
    const init = ['sh', '-c', 'while :; do sleep 1000; done'];
    const unshare = spawn('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', ...init], {
      env: { PATH: process.env.PATH },
      cwd: '/',
      stdio: 'ignore',
    });
    const pid = await waitFor(() => {
      const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'latin1');
      const child = Number.parseInt(children, 10);
      const isReady = child > 0 && readFileSync(`/proc/${child}/cmdline`, 'latin1').startsWith('sh\0');
      return isReady ? child : undefined;
    }, 'the pid namespace is there');
    return new PidNamespace(home, unshare, pid);
  }

  /** Runs a command in it. */
  run(command: readonly string[]): Promise<CommandResult> {
    const child = spawn('nsenter', ['-t', String(this.#init), '-p', '-m', '--', ...command], {
      env: this.#home.env(),
      cwd: this.#home.work,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (piece: string) => {
        text[name] += piece;
      });
    }
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, ...text }));
    });
  }

  procctl(...args: string[]): Promise<CommandResult> {
    return this.run([process.execPath, PROGRAM, ...args]);
  }

  /** A command of procctl that has to succeed; its standard output. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.procctl(...args);
    if (code !== 0) throw new Error(`procctl ${args.join(' ')}: exit status ${code}\n${stderr}\n${stdout}`);
    return stdout;
  }

  /** Ends processes in it with SIGKILL, and waits until nobody has these pids. */
  async kill(pids: readonly number[]): Promise<void> {
    await this.signal('KILL', pids);
    await waitFor(() => pids.every((pid) => this.#stat(pid) === undefined), `${pids.join(', ')} are gone`, 5_000);
  }

  async signal(name: string, pids: readonly number[]): Promise<void> {
    await this.run(['kill', '-s', name, '--', ...pids.map(String)]);
  }

  /** Starts a program under a given pid, as the leader of a session of this number. */
  async startAs(pid: number, command: readonly string[]): Promise<void> {
    const shell =
      'echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid; shift; setsid "$@" </dev/null >/dev/null 2>&1 & echo $!';
    const clean = ['env', '-i', `PATH=${process.env.PATH}`];
    // Somebody else in the namespace may fork between the choice of the number and its use.
    await waitFor(async () => {
      const { stdout } = await this.run([...clean, 'sh', '-c', shell, 'sh', String(pid), ...command]);
      const got = Number(stdout);
      if (got !== pid && got > 0) {
        // A child that it has started by now may have the very number.
        await this.signal('KILL', [got, -got]);
        await this.kill([got]);
      }
      return got === pid;
    }, `a process with pid ${pid}`);
    await waitFor(() => this.#stat(pid)?.[3] === String(pid), `${pid} leads a session`);
  }

  /** When a process began; undefined when there is none, or a zombie. */
  startTicks(pid: number): number | undefined {
    const fields = this.#stat(pid);
    return fields === undefined || fields[0] === 'Z' ? undefined : Number(fields[19]);
  }

  /** The children of a process. */
  childrenOf(pid: number): number[] {
    try {
      const children = readFileSync(`/proc/${this.#init}/root/proc/${pid}/task/${pid}/children`, 'latin1');
      return children.split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  }

  /** Ends everything in it. */
  close(): void {
    this.#unshare.kill('SIGKILL');
  }

  #stat(pid: number): string[] | undefined {
    try {
      const stat = readFileSync(`/proc/${this.#init}/root/proc/${pid}/stat`, 'latin1');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    } catch {
      return undefined;
    }
  }
}
