import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import type { ProcessView } from '../../src/protocol/process-view.ts';
import type { DaemonStatus } from '../../src/protocol/rpc.ts';
import { type Live, waitFor } from './procctl.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly input?: string;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

const homes: TestHome[] = [];

afterAll(async () => {
  const errors: unknown[] = [];
  for (const home of homes) {
    try {
      await home.close();
    } catch (error) {
      errors.push(error); // one that fails must not leave the others open
    }
  }
  if (errors.length > 0) throw errors[0];
});

/** A PROCCTL_HOME of its own, for one test; with everything in it ended, and checked to be gone, when the file is done. */
export class TestHome {
  /** PROCCTL_HOME. */
  readonly path: string;
  /** A directory to work in. */
  readonly work: string;
  readonly #base: string;

  /** @param name of the home's directory, below a temporary one */
  constructor(name = 'home') {
    this.#base = realpathSync(mkdtempSync(join(tmpdir(), 'procctl-home-')));
    this.path = join(this.#base, name);
    this.work = realpathSync(mkdtempSync(join(this.#base, 'work-')));
    homes.push(this);
  }

  /** The environment of commands: small, and with this home. */
  env(more: CommandOptions['env'] = {}): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.#base,
      LANG: 'C.UTF-8',
      TMPDIR: this.#base,
      PROCCTL_HOME: this.path,
      ...more,
    } as NodeJS.ProcessEnv;
  }

  /** Runs `procctl ARGS…` to its end. */
  run(args: readonly string[], { env, cwd, input = '' }: CommandOptions = {}): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--', PROGRAM, ...args], {
        cwd: cwd ?? this.work,
        env: this.env(env),
        stdio: 'pipe',
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });
  }

  /** Runs a command that has to succeed, and gives its standard output. */
  async ok(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`procctl ${args.join(' ')}: exit status ${code}\n${stderr}\n${stdout}`);
    return stdout;
  }

  /** Supervises something; `args` are those of `spawn`. */
  async spawn(...args: string[]): Promise<{ readonly id: number; readonly name: string; readonly pid: number }> {
    const [first] = JSON.parse(await this.ok(['spawn', '--json', ...args])) as [
      { id: number; name: string; pid: number },
    ];
    return first;
  }

  /** What `ps --json` says. */
  async list(): Promise<ProcessView[]> {
    return JSON.parse(await this.ok(['ps', '--json'])) as ProcessView[];
  }

  /** What `ps --json` says of one process. */
  async view(name: string): Promise<ProcessView> {
    return (JSON.parse(await this.ok(['ps', '--json', name])) as [ProcessView])[0];
  }

  /** Waits until `ps` shows what is wanted of a process. */
  async until(name: string, holds: (view: ProcessView) => boolean, what: string): Promise<ProcessView> {
    return waitFor(async () => {
      const view = await this.view(name);
      return holds(view) ? view : undefined;
    }, `${name}: ${what}`);
  }

  async daemon(): Promise<DaemonStatus> {
    const { stdout } = await this.run(['daemon', 'status', '--json']);
    return JSON.parse(stdout) as DaemonStatus;
  }

  /** Kills the daemon with SIGKILL, and waits until it is gone. */
  async killDaemon(): Promise<number> {
    const { pid } = await this.daemon();
    if (pid === null) throw new Error('no daemon is running');
    process.kill(pid, 'SIGKILL');
    await waitFor(
      () => !existsSync(`/proc/${pid}`) || /^\d+ \(.*\) Z/.test(read(`/proc/${pid}/stat`)),
      'the daemon is gone',
    );
    return pid;
  }

  /** Everything alive that belongs to this home: daemon, shims, supervised processes and what they have started. */
  alive(): Live[] {
    const live: Live[] = [];
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      const command = read(`/proc/${pid}/cmdline`);
      let cwd = '';
      try {
        cwd = realpathSync(`/proc/${pid}/cwd`);
      } catch {
        // Gone, or not ours to look at.
      }
      const isOurs =
        command.includes(this.#base) || cwd.startsWith(this.#base) || read(`/proc/${pid}/environ`).includes(this.#base);
      const isZombie = /^\d+ \(.*\) Z/.test(read(`/proc/${pid}/stat`));
      if (isOurs && !isZombie) live.push({ pid, command: command.replaceAll('\0', ' ').trim() });
    }
    return live;
  }

  /** Ends everything, and fails when something is left. Called for every home in the end. */
  async close(): Promise<void> {
    if (!existsSync(this.#base)) return;
    const stopped = existsSync(this.path) ? await this.run(['daemon', 'stop']) : undefined;
    let left = this.alive();
    for (const until = performance.now() + 5_000; left.length > 0 && performance.now() < until; left = this.alive()) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
    rmSync(this.#base, { recursive: true, force: true });
    expect({ left, stderr: left.length > 0 ? stopped?.stderr : '' }).toEqual({ left: [], stderr: '' });
  }
}
