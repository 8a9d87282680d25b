import { Orders } from '../../core/calls/orders.ts';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { FunctionCommand } from '../../core/pool/task.ts';
import { PoolClosedError } from '../../errors.ts';
import type { RestoreHandle } from '../../protocol/values/handle.ts';
import type { TargetOnWire } from '../../protocol/worker-frames.ts';
import { writeOwn } from '../output/write-own.ts';
import type { Call, CallSource, KnownTarget } from '../workers/call.ts';
import { KnownTargets } from '../workers/known-targets.ts';
import type { Counts, Workforce } from '../workers/workforce.ts';
import { answerCall } from './answer-call.ts';
import { commandOf } from './call-command.ts';
import type { RemoteCalls, RemoteCallsOptions } from './remote-calls.ts';

/** A chunk is worth so much work: some ten times what it takes to send a job. */
const CHUNK_MS = 20;
/** What a worker takes for a job that has nothing to do. */
const JOB_MS = 1;
/** Of standard error, for those who want to know why a worker has ended. */
const TAIL_BYTES = 4096;

export interface RemoteCrewOptions extends RemoteCallsOptions {
  /** Jobs in the queue or at work at a time. */
  readonly size: number;
  /** Makes references to what can be reached from everywhere. */
  readonly restore: RestoreHandle;
}

interface AtWork {
  readonly seq: number;
  tail: Buffer;
  /** How often a worker has begun it, as far as that is known. */
  begun: number;
  hasTimedOut: boolean;
}

/** The makers of calls that are elsewhere: whoever takes jobs from a queue in Redis. It is connected while there is something to do. */
export class RemoteCrew implements Workforce {
  readonly counts: Counts = { completed: 0, lostWorkers: 0, started: 0 };
  readonly members = [];
  readonly #options: RemoteCrewOptions;
  readonly #orders = new Orders<Call, CallSource>();
  readonly #targets = new KnownTargets(CHUNK_MS);
  readonly #atWork = new Map<Call, AtWork>();
  #calls: RemoteCalls | undefined;
  #isOpening = false;
  /** Connections that are being given back. */
  readonly #closing = new Set<Promise<void>>();
  #lastSeq = 0;
  #isScheduled = false;
  #state: 'open' | 'closing' | 'terminated' = 'open';
  #joining: (() => void)[] = [];

  constructor(options: RemoteCrewOptions) {
    this.#options = options;
  }

  get queued(): number {
    return this.#orders.waiting;
  }

  get running(): number {
    return this.#atWork.size;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  know(key: string, target: TargetOnWire): KnownTarget {
    return this.#targets.get(key, target);
  }

  submit(call: Call): void {
    this.#orders.push(call);
    this.#schedule();
  }

  addSource(source: CallSource): void {
    this.#orders.addSource(source);
    this.#schedule();
  }

  removeSource(source: CallSource): void {
    this.#orders.removeSource(source);
    this.#schedule();
  }

  wake(): void {
    this.#schedule();
  }

  cancel(call: Call, error: unknown): void {
    if (this.#orders.remove(call)) {
      call.onFailure({ kind: 'rejected', error });
      this.#schedule();
      return;
    }
    const atWork = this.#atWork.get(call);
    if (atWork !== undefined) this.#calls?.end(atWork.seq);
  }

  close(): void {
    if (this.#state === 'open') this.#state = 'closing';
    this.#schedule();
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    const error = new PoolClosedError('the pool was terminated');
    this.#rejectWaiting(error);
    // The calls are answered here and now; when they have ended elsewhere, the connection can go.
    for (const [call, { seq }] of this.#atWork) {
      call.onFailure({ kind: 'rejected', error });
      this.#calls?.end(seq);
    }
    this.#schedule();
  }

  ended(): Promise<void> {
    for (const source of this.#orders.sources) source.openWide();
    this.#schedule();
    return new Promise((resolve) => {
      this.#joining.push(resolve);
    });
  }

  get #isIdle(): boolean {
    return this.#orders.isEmpty && this.#atWork.size === 0;
  }

  /** All that is submitted in one turn is looked at together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#state !== 'terminated' && this.#orders.hasSome) {
      if (this.#calls === undefined) void this.#open();
      while (this.#calls !== undefined && this.#atWork.size < this.#options.size) {
        const call = this.#next();
        if (call === undefined) break;
        this.#give(call, this.#calls);
      }
    }
    if (this.#state !== 'open' && this.#isIdle) this.#disconnect();
    this.#setRef();
    this.#settleJoins();
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      const { RemoteCalls } = await import('./remote-calls.ts');
      const calls: RemoteCalls = new RemoteCalls(this.#options, {
        onDown: () => this.#setRef(),
        onLost: (error) => {
          if (this.#calls === calls) this.#lose(error);
        },
      });
      this.#calls = calls;
    } catch (error) {
      this.#rejectWaiting(error);
    } finally {
      this.#isOpening = false;
      this.#schedule();
    }
  }

  /** Nothing that is open will ever be answered; the next call tries anew. */
  #lose(error: unknown): void {
    this.#disconnect();
    const atWork = [...this.#atWork.keys()];
    this.#atWork.clear();
    if (this.#state !== 'terminated') for (const call of atWork) call.onFailure({ kind: 'rejected', error });
    this.#rejectWaiting(error);
    this.#schedule();
  }

  #disconnect(): void {
    const calls = this.#calls;
    if (calls === undefined) return;
    this.#calls = undefined;
    const closed = calls.close().finally(() => {
      this.#closing.delete(closed);
      this.#settleJoins();
    });
    this.#closing.add(closed);
  }

  #rejectWaiting(error: unknown): void {
    const { items, sources } = this.#orders.drain();
    for (const call of items) call.onFailure({ kind: 'rejected', error });
    for (const source of sources) source.fail(error);
  }

  #next(): Call | undefined {
    const source = this.#orders.source();
    if (source === undefined) return this.#orders.shift();
    const call = this.#orders.takeFrom(source, source.target.pace.batch);
    return call ?? (this.#orders.hasSome ? this.#next() : undefined);
  }

  #give(call: Call, calls: RemoteCalls): void {
    let command: FunctionCommand;
    try {
      command = commandOf(call, (target) => calls.moduleName(target));
    } catch (error) {
      call.onFailure({ kind: 'rejected', error });
      return;
    }
    this.#lastSeq += 1;
    const seq = this.#lastSeq;
    const atWork: AtWork = { seq, tail: Buffer.alloc(0), begun: 0, hasTimedOut: false };
    this.#atWork.set(call, atWork);
    calls.run(seq, command, call.timeoutMs ?? 0, {
      onStarted: () => {
        atWork.begun += 1;
        if (atWork.begun > 1) this.counts.lostWorkers += 1;
      },
      onData: (stream, chunk) => {
        writeOwn(process[stream], chunk);
        if (stream === 'stderr') atWork.tail = Buffer.concat([atWork.tail, chunk]).subarray(-TAIL_BYTES);
      },
      onTimeLimit: () => {
        atWork.hasTimedOut = true;
      },
      onEnded: (outcome, measured) => this.#ended(call, atWork, outcome, measured),
    });
  }

  #ended(
    call: Call,
    { seq, tail, hasTimedOut }: AtWork,
    outcome: AttemptOutcome,
    measured: { readonly durationMs: number; readonly host: string } | undefined,
  ): void {
    const seat = this.#calls?.seatOf(seq);
    this.#atWork.delete(call);
    this.#schedule();
    if (this.#state === 'terminated') return;
    if (outcome.kind === 'returned')
      call.target.pace.learn(call.weight, Math.max(0, (measured?.durationMs ?? CHUNK_MS) - JOB_MS));
    if (measured !== undefined) this.counts.completed += call.weight;
    const host = measured?.host ?? seat?.host;
    const stderrTail = tail.toString('utf8').replace(/^\uFFFD+/, '');
    answerCall(call, outcome, { pid: seat?.pid ?? 0, host, stderrTail, hasTimedOut }, this.#options.restore);
  }

  /** The program lives as long as there is work, or somebody waits for the end; a connection that has nothing to do does not keep it. */
  #setRef(): void {
    const isRef = this.#atWork.size > 0 || this.#joining.length > 0 || this.#orders.hasSome;
    // One that is cut off would try to get back, and keep the program for that.
    if (!isRef && this.#calls?.isUp === false) this.#disconnect();
    this.#calls?.setRef(isRef);
  }

  #settleJoins(): void {
    if (this.#state === 'open' || !this.#isIdle || this.#calls !== undefined || this.#closing.size > 0) return;
    if (this.#isOpening) return;
    for (const resolve of this.#joining.splice(0)) resolve();
  }
}
