import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { TestHome } from './home.ts';
import { waitFor } from './procctl.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));

/** The words that run procctl; `--`, or Node 20 would take some of its options for its own. */
export const procctlCommand = (args: readonly string[]): string[] => [process.execPath, '--', PROGRAM, ...args];

export interface RunningOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Shell text that runs first in the process that becomes procctl, such as `ulimit -n 40`. */
  readonly before?: string;
  /** Leave standard output unread. */
  readonly isReaderAsleep?: boolean;
  /** Standard input is a pipe that does not end; absent: it is empty. */
  readonly isInputOpen?: boolean;
}

export interface EndedCommand {
  /** What a shell would say of it: 128 + n when signal n ended procctl itself. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A command of procctl that is still at work, in a home for tests: what it says can be waited for, and it can be signalled. */
export class RunningCommand {
  readonly ended: Promise<EndedCommand>;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];

  constructor(home: TestHome, args: readonly string[], options: RunningOptions = {}) {
    const command = procctlCommand(args);
    const [file, ...rest] =
      options.before === undefined ? command : ['/bin/sh', '-c', `${options.before}\nexec "$@"`, 'sh', ...command];
    this.#child = spawn(file as string, rest, {
      cwd: options.cwd ?? home.work,
      env: home.env(options.env),
      stdio: [options.isInputOpen === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    if (options.isReaderAsleep !== true) this.#child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.ended = this.#untilEnded();
    this.ended.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString('latin1');
  }

  get stderrBytes(): Buffer {
    return Buffer.concat(this.#stderr);
  }

  get stderr(): string {
    return this.stderrBytes.toString('utf8');
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Nobody reads its output any more, as when `head` has had enough. */
  closeReader(): void {
    this.#child.stdout?.destroy();
  }

  /** Waits until standard output holds a text. */
  async says(text: string | RegExp): Promise<void> {
    const isSaid = (): boolean => (typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout));
    await waitFor(isSaid, `${text} on standard output, which has ${JSON.stringify(this.stdout.slice(-500))}`);
  }

  async #untilEnded(): Promise<EndedCommand> {
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null];
    const streams = [this.#child.stdout, this.#child.stderr];
    await Promise.all(streams.map((stream) => stream === null || stream.closed || once(stream.resume(), 'close')));
    const status = signal === null ? (code as number) : 128 + constants.signals[signal];
    return { status, stdout: Buffer.concat(this.#stdout), stderr: this.stderr };
  }
}
