import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { ProcctlError, WorkerLostError } from '../errors.ts';
import type { AnyFunction } from '../protocol/target.ts';
import { decodeValue, encodeValue } from '../protocol/values/codec.ts';
import { FROM_WORKER, type ProcessStart, type TargetOnWire, TO_WORKER } from '../protocol/worker-frames.ts';
import { readProc } from '../runtime/family/proc.ts';
import { type Ending, HostedProcess, type Stdio } from '../runtime/workers/hosted-process.ts';
import { addChild, removeChild } from './active-children.ts';
import { parseArguments, parseTarget } from './call.ts';
import { restoreHandle } from './handles.ts';
import { assertNotLoading, nextPath, ownIdentity, ownName } from './identity.ts';
import { parseTimeoutMs, type WaitOptions } from './options.ts';
import { type ProcessOptions, parseStdio } from './process-options.ts';

/** `ready` before it is started; then what the kernel says: on a CPU or in line for one (`running`), or asleep (`waiting`). */
export type ProcessState = 'ready' | 'running' | 'waiting' | 'exited';

const noop = (): void => {};

/** How a process ended, for people: `exit code 3`, `SIGKILL`. */
export const endingText = ({ exitCode, signal }: Pick<Ending, 'exitCode' | 'signal'>): string =>
  signal ?? (exitCode === null ? 'unknown' : `exit code ${exitCode}`);

/**
 * A function that runs in a process of its own: Python's `multiprocessing.Process`.
 *
 * Processes share no globals. What the function is called with and what it returns are copied (see docs/values.md), and a
 * function given by its text finds nothing of what surrounds it.
 *
 * @typeParam F the function that runs; for a module, give `typeof import('./worker.js').main`
 */
export class Process<F extends AnyFunction = AnyFunction> {
  readonly name: string;
  readonly daemon: boolean;
  readonly #path: readonly number[];
  readonly #target: TargetOnWire;
  readonly #args: readonly unknown[];
  readonly #cwd: string | undefined;
  readonly #env: NodeJS.ProcessEnv | undefined;
  readonly #stdio: readonly [Stdio, Stdio, Stdio];
  readonly #signal: AbortSignal | undefined;
  readonly #result: Promise<Awaited<ReturnType<F>>>;
  readonly #ended = new EventEmitter().setMaxListeners(0);
  #resolve: (value: Awaited<ReturnType<F>>) => void = noop;
  #reject: (error: unknown) => void = noop;
  #hosted: HostedProcess | undefined;
  #startTicks: number | undefined;
  #ending: Ending | undefined;
  #isClosed = false;
  /** Calls that wait for a daemon. */
  #waiters = 0;

  /** @throws ProcctlError ERR_OPTION */
  constructor(options: ProcessOptions<F>) {
    const { target, args, kwargs, name, daemon, cwd, env, stdio, signal } = options;
    this.#target = parseTarget(target);
    this.#args = parseArguments(args, kwargs);
    this.#stdio = parseStdio(stdio);
    this.#path = nextPath();
    this.name = name ?? `Process-${this.#path.join(':')}`;
    this.daemon = daemon ?? ownIdentity()?.daemon ?? false;
    this.#cwd = cwd;
    this.#env = env;
    this.#signal = signal;
    this.#result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who does not ask for the result is not told of an error but by the exit code and standard error.
    this.#result.catch(noop);
  }

  /** Null before it is started. */
  get pid(): number | null {
    this.#assertOpen();
    return this.#hosted?.pid ?? null;
  }

  /** Null while it runs, before it is started, and if a signal ended it. */
  get exitCode(): number | null {
    this.#assertOpen();
    return this.#ending?.exitCode ?? null;
  }

  /** The signal that ended it, or null. */
  get signal(): NodeJS.Signals | null {
    this.#assertOpen();
    return this.#ending?.signal ?? null;
  }

  get state(): ProcessState {
    this.#assertOpen();
    if (this.#hosted === undefined) return 'ready';
    if (!this.isAlive()) return 'exited';
    const seen = readProc(this.#hosted.pid)?.state;
    if (seen === undefined) return 'running';
    if (seen !== 'R') return 'waiting';
    return 'running';
  }

  /**
   * What the target returned or, by rejecting, threw. `WorkerLostError` if the process ended before that; `TargetError` if the
   * target could not be loaded.
   */
  get result(): Promise<Awaited<ReturnType<F>>> {
    this.#waitFor(this.#result.then(noop, noop));
    return this.#result;
  }

  /** With `stdio: 'pipe'`, else null. */
  get stdin(): Writable | null {
    return this.#hosted?.child.stdin ?? null;
  }

  /** With `stdio: 'pipe'`, else null. */
  get stdout(): Readable | null {
    return this.#hosted?.child.stdout ?? null;
  }

  /** With `stdio: 'pipe'`, else null. */
  get stderr(): Readable | null {
    return this.#hosted?.child.stderr ?? null;
  }

  /**
   * Starts it; when this returns, it has a pid.
   *
   * @throws SerializationError when an argument cannot cross
   * @throws ProcctlError ERR_STATE when it was started before; ERR_START, ERR_CWD when the system has no process for it
   */
  start(): this {
    this.#assertOpen();
    if (this.#hosted !== undefined) throw new ProcctlError('ERR_STATE', `${this.name} has been started before`);
    assertNotLoading('a process is started');
    this.#signal?.throwIfAborted();
    const message: ProcessStart = {
      kind: 'process',
      identity: {
        name: this.name,
        path: this.#path,
        daemon: this.daemon,
        parent: { name: ownName(), pid: process.pid },
      },
      ownOutputs: (['stdout', 'stderr'] as const).filter((_, index) => this.#stdio[index + 1] === 'pipe'),
      target: this.#target,
      args: this.#args,
    };
    const start = encodeValue(message, '');
    const options = { cwd: this.#cwd, env: this.#env, stdio: this.#stdio, isGuarded: this.daemon };
    this.#hosted = new HostedProcess(options, {
      onFrame: (type, body) => this.#onFrame(type, body),
      onEnd: (ending) => this.#onEnd(ending),
    });
    this.#startTicks = readProc(this.#hosted.pid)?.startTicks;
    this.#hosted.send(TO_WORKER.start, start);
    if (this.daemon) this.#hosted.ref(false);
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    addChild(this);
    return this;
  }

  /** Whether it runs now: a fact of the kernel, not of what has been heard of it. */
  isAlive(): boolean {
    this.#assertOpen();
    if (this.#hosted === undefined || this.#ending !== undefined) return false;
    if (this.#startTicks === undefined) return !this.#hosted.hasEnded;
    const now = readProc(this.#hosted.pid);
    return now !== undefined && now.startTicks === this.#startTicks && now.state !== 'Z' && now.state !== 'X';
  }

  /**
   * Waits for its end.
   *
   * @returns true when it has ended, false when the time ran out or `signal` was aborted; never rejects
   * @throws ProcctlError ERR_STATE, at once, when it was not started; ERR_OPTION
   */
  join({ timeoutMs, signal }: WaitOptions = {}): Promise<boolean> {
    this.#assertOpen();
    if (this.#hosted === undefined) throw new ProcctlError('ERR_STATE', `${this.name} has not been started`);
    const limitMs = parseTimeoutMs(timeoutMs);
    if (this.#ending !== undefined) return Promise.resolve(true);
    if (signal?.aborted) return Promise.resolve(false);
    const joined = new Promise<boolean>((resolve) => {
      const settle = (hasEnded: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#ended.off('ended', onEnd);
        resolve(hasEnded);
      };
      const onEnd = (): void => settle(true);
      const onAbort = (): void => settle(false);
      const timer = limitMs === undefined ? undefined : setTimeout(() => settle(false), limitMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#ended.once('ended', onEnd);
    });
    this.#waitFor(joined);
    return joined;
  }

  /** Sends SIGTERM. Nothing happens if it has ended. @throws ProcctlError ERR_STATE when it was not started */
  terminate(): void {
    this.#send('SIGTERM');
  }

  /** Sends SIGKILL. Nothing happens if it has ended. @throws ProcctlError ERR_STATE when it was not started */
  kill(): void {
    this.#send('SIGKILL');
  }

  /** Lets go of it; nothing but `name` and `daemon` can be asked for any more. @throws ProcctlError ERR_STATE while it is alive */
  close(): void {
    if (this.#isClosed) return;
    if (this.#hosted !== undefined && this.#ending === undefined) {
      throw new ProcctlError('ERR_STATE', `${this.name} is alive`, { hint: 'join() it first, or terminate() it' });
    }
    this.#isClosed = true;
  }

  /** Ends it if it runs: SIGTERM, and SIGKILL after five seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    if (this.#hosted !== undefined && this.#ending === undefined) {
      this.terminate();
      if (!(await this.join({ timeoutMs: 5_000 }))) {
        this.kill();
        await this.join();
      }
    }
    this.close();
  }

  readonly #onAbort = (): void => {
    if (this.#ending === undefined) this.terminate();
  };

  #send(signal: NodeJS.Signals): void {
    this.#assertOpen();
    if (this.#hosted === undefined) throw new ProcctlError('ERR_STATE', `${this.name} has not been started`);
    this.#hosted.kill(signal);
  }

  #onFrame(type: number, body: Buffer): void {
    let value: unknown;
    try {
      value = decodeValue(body, restoreHandle);
    } catch (error) {
      this.#reject(error);
      return;
    }
    if (type === FROM_WORKER.returned) this.#resolve(value as Awaited<ReturnType<F>>);
    else if (type === FROM_WORKER.threw || type === FROM_WORKER.cannotLoad) this.#reject(value);
    else throw new Error('not for a process');
  }

  #onEnd(ending: Ending): void {
    this.#ending = ending;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    removeChild(this);
    const { pid } = this.#hosted as HostedProcess;
    const { exitCode, signal, saidRubbish } = ending;
    const how = saidRubbish ? 'sent what is no message, and was ended' : `ended (${endingText(ending)})`;
    // Nothing changes if it has been resolved.
    this.#reject(
      new WorkerLostError(
        `${this.name} (pid ${pid}) ${how} before its target had returned`,
        { pid, exitCode, signal, stderrTail: '' },
        this.#signal?.aborted ? { cause: this.#signal.reason } : {},
      ),
    );
    this.#ended.emit('ended');
  }

  /** A daemon does not keep its parent from ending, unless somebody waits for it. */
  #waitFor(done: Promise<unknown>): void {
    if (!this.daemon || this.#hosted === undefined || this.#ending !== undefined) return;
    this.#waiters += 1;
    this.#hosted.ref(true);
    void done.then(() => {
      this.#waiters -= 1;
      if (this.#waiters === 0) this.#hosted?.ref(false);
    });
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ProcctlError('ERR_STATE', `${this.name} is closed`);
  }
}
