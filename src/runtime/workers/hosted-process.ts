import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { ProcctlError } from '../../errors.ts';
import { FrameReader, frame, frameHeader, JOINED_BYTES } from '../../protocol/frames.ts';
import { FROM_WORKER_TYPES } from '../../protocol/worker-frames.ts';
import { guardProcess } from '../host-guard.ts';
import { Tail } from './tail.ts';
import { workerEntry, workerExecArgv } from './worker-entry.ts';

export type Stdio = 'inherit' | 'ignore' | 'pipe';

export interface HostedOptions {
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** A number is an open descriptor that becomes the stream. */
  readonly stdio: readonly [stdin: Stdio, stdout: Stdio | number, stderr: Stdio | number | 'tail'];
  /** An open descriptor that the process finds as its fourth. */
  readonly shared?: number;
  /** Ends with this process, however that ends. */
  readonly isGuarded: boolean;
  /** Leads a session of its own, so that no terminal reaches it; by default it does not. */
  readonly isDetached?: boolean;
}

/** How a process ended; both are null where nobody knows. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It said something that is no message, and was ended for that. */
  readonly saidRubbish: boolean;
}

export interface HostedListener {
  /** May throw: then the process has sent rubbish. */
  onFrame(type: number, body: Buffer): void;
  /** It will never say anything again, and has not ended: it may do so at any moment, or never. */
  onSilent?(): void;
  /** It has ended, and all it had sent has been heard. Called once, never before `start` has returned. */
  onEnd(ending: Ending): void;
}

/** What is still to be read when a process has ended is waited for so long: somebody else may hold the pipe open. */
const CHANNEL_REST_MS = 1_000;
const STDERR_REST_MS = 200;

const whyNot = (cwd: string | undefined): ProcctlError => {
  if (cwd !== undefined && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return new ProcctlError('ERR_CWD', `cannot start a process: ${cwd} is no directory`);
  }
  return new ProcctlError('ERR_START', 'cannot start a process', {
    hint: 'look at the limits of processes and of open files: ulimit -u -n',
  });
};

const closed = (
  stream: { destroyed?: boolean; once(event: 'close', listener: () => void): unknown } | null | undefined,
) =>
  new Promise<void>((resolve) => {
    if (stream === null || stream === undefined || stream.destroyed) resolve();
    else stream.once('close', () => resolve());
  });

const within = (done: Promise<void>, timeoutMs: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    void done.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });

/** A process of Node that runs our worker code, and a channel to it. Nothing it sends can raise an error here. */
export class HostedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly #channel: Socket;
  readonly #tail: Tail | undefined;
  readonly #listener: HostedListener;
  #isRef = true;
  #hasEnded = false;
  #saidRubbish = false;
  #unguard: () => void = () => {};

  /** @throws ProcctlError ERR_START or ERR_CWD when it cannot be started */
  constructor({ cwd, env, stdio, shared, isGuarded, isDetached = false }: HostedOptions, listener: HostedListener) {
    this.#listener = listener;
    const [stdin, stdout, stderr] = stdio;
    try {
      this.child = spawn(process.execPath, [...workerExecArgv(), workerEntry()], {
        cwd,
        env,
        detached: isDetached,
        stdio: [stdin, stdout, stderr === 'tail' ? 'pipe' : stderr, 'pipe', ...(shared === undefined ? [] : [shared])],
      });
    } catch (error) {
      throw new ProcctlError('ERR_START', `cannot start a process: ${(error as Error).message}`, { cause: error });
    }
    this.child.on('error', () => {});
    // Without a pid `kill` would mean this process's own group: nobody gets hold of such a child.
    if (this.child.pid === undefined) throw whyNot(cwd);
    this.pid = this.child.pid;
    this.#channel = (this.child.stdio as readonly unknown[])[3] as Socket;
    this.#tail = stderr === 'tail' && this.child.stderr !== null ? new Tail(this.child.stderr) : undefined;
    this.#listen();
    if (isGuarded) this.#unguard = guardProcess(this.pid);
    this.child.once('exit', (exitCode, signal) => void this.#end(exitCode, signal));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last it wrote to standard error, where that is kept. */
  get stderrTail(): string {
    return this.#tail?.text ?? '';
  }

  /** @param bodies parts of one frame */
  send(type: number, ...bodies: readonly Uint8Array[]): void {
    if (!this.#channel.writable) return;
    const length = bodies.reduce((sum, { length }) => sum + length, 0);
    if (length <= JOINED_BYTES) {
      this.#channel.write(frame(type, ...bodies));
      return;
    }
    this.#channel.cork();
    this.#channel.write(frameHeader(type, length));
    for (const body of bodies) if (body.length > 0) this.#channel.write(body);
    this.#channel.uncork();
  }

  /** Whether there was a process to signal. */
  kill(signal: NodeJS.Signals): boolean {
    return !this.#hasEnded && this.child.exitCode === null && this.child.signalCode === null && this.child.kill(signal);
  }

  /** Whether this process waits for it, at its own end. */
  ref(isRef: boolean): void {
    if (isRef === this.#isRef) return;
    this.#isRef = isRef;
    if (isRef) this.child.ref();
    else this.child.unref();
  }

  #listen(): void {
    const reader = new FrameReader(FROM_WORKER_TYPES, (type, body) => this.#listener.onFrame(type, body));
    this.#channel.unref();
    this.#channel.on('data', (chunk: Buffer) => {
      if (this.#saidRubbish) return;
      try {
        reader.push(chunk);
      } catch {
        this.#saidRubbish = true;
        this.kill('SIGKILL');
      }
    });
    this.#channel.on('error', () => {});
    this.#channel.once('close', () => {
      if (this.child.exitCode === null && this.child.signalCode === null) this.#listener.onSilent?.();
    });
  }

  async #end(exitCode: number | null, signal: NodeJS.Signals | null): Promise<void> {
    this.#unguard();
    if (this.#isRef) this.#channel.ref();
    await Promise.all([
      within(closed(this.#channel), CHANNEL_REST_MS),
      within(this.#tail?.closed ?? Promise.resolve(), STDERR_REST_MS),
    ]);
    this.#channel.destroy();
    this.#hasEnded = true;
    this.#listener.onEnd({ exitCode, signal, saidRubbish: this.#saidRubbish });
  }
}
