import { fileURLToPath } from 'node:url';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { FunctionCommand } from '../../core/pool/task.ts';
import { KILL_AT_ONCE } from '../../core/pool/term-sequence.ts';
import { RemoteError } from '../../errors.ts';
import type { RedisTarget } from '../../protocol/remote/redis-target.ts';
import type { TargetOnWire } from '../../protocol/worker-frames.ts';
import { Link } from './link.ts';
import { loadRemotePackages } from './packages.ts';
import { RemotePlace } from './remote-place.ts';

export interface RemoteCallsOptions {
  readonly target: RedisTarget;
  readonly queue: string;
  /** Jobs are signed with it; undefined: not. */
  readonly key: string | undefined;
  /** How long Redis may be away, ms; 0: for ever. */
  readonly connectTimeoutMs: number;
}

export interface RemoteCallsEvents {
  /** Cut off, for now. */
  onDown(): void;
  /** Redis will not come back. Told once, and no call that is open is answered after it. */
  onLost(error: RemoteError): void;
}

export interface CallPorts {
  /** A worker has it, for the first time or anew; not told of short ones. */
  onStarted(): void;
  onData(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  onTimeLimit(): void;
  /** @param measured what the worker has said of it */
  onEnded(outcome: AttemptOutcome, measured?: { readonly durationMs: number; readonly host: string }): void;
}

const HINT = 'see that the server runs and can be reached, or give it more time: connectTimeoutMs';

/** A module as the job names it: a path, where it is the URL of one, so that workers can say which they allow. */
const moduleName = ({ url }: Extract<TargetOnWire, { kind: 'module' }>): string => {
  if (!url.startsWith('file:') || /[?#]/.test(url)) return url;
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
};

/** Calls as jobs of a queue, from a program. */
export class RemoteCalls {
  readonly #place: RemotePlace;
  readonly #link: Link;
  #isLost = false;

  /** @throws ProcctlError ERR_REDIS when bullmq or ioredis is not installed */
  constructor({ target, queue, key, connectTimeoutMs }: RemoteCallsOptions, events: RemoteCallsEvents) {
    const packages = loadRemotePackages(process.cwd());
    const link = new Link(packages, target, connectTimeoutMs, {
      onUp: () => {},
      onDown: () => events.onDown(),
      onLost: ({ message }) => {
        this.#isLost = true;
        events.onLost(new RemoteError('ERR_REDIS', message, { hint: HINT }));
      },
    });
    this.#link = link;
    const options = { queue, timeoutMs: 0, ending: KILL_AT_ONCE, key, connectTimeoutMs, env: process.env };
    this.#place = new RemotePlace(packages, link, options, { say: () => {}, onChange: () => {} });
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  setRef(isRef: boolean): void {
    this.#place.setRef(isRef);
  }

  /** @param seq numbers the call @param timeoutMs 0: none */
  run(seq: number, command: FunctionCommand, timeoutMs: number, ports: CallPorts): void {
    this.#place.run({
      task: { seq, id: String(seq), name: '', command, ...(timeoutMs > 0 && { timeoutMs }) },
      slot: 1,
      attempt: 1,
      onStarted: () => ports.onStarted(),
      onData: (stream, chunk) => ports.onData(stream, chunk),
      onTimeLimit: () => ports.onTimeLimit(),
      onEnded: (outcome, measured) => {
        if (!this.#isLost) ports.onEnded(outcome, measured);
      },
    });
  }

  /** As jobs name it. */
  moduleName(target: Extract<TargetOnWire, { kind: 'module' }>): string {
    return moduleName(target);
  }

  /** Who has it, as far as is known. */
  seatOf(seq: number): { readonly pid: number | undefined; readonly host: string | undefined } {
    const { pid, host } = this.#place.seatOf(seq) ?? {};
    return { pid, host };
  }

  /** Ends a call: it is taken out of the queue, or its worker killed. */
  end(seq: number): void {
    this.#place.end(seq, 'now');
  }

  /** Nothing of it is left in Redis, if that can be reached. */
  async close(): Promise<void> {
    this.#isLost = true;
    await this.#place.rest();
    await this.#place.close();
  }
}
