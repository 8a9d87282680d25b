import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import type { EndMode } from '../../core/pool/events.ts';
import type { AttemptError, AttemptOutcome } from '../../core/pool/outcome.ts';
import { withSlot } from '../../core/pool/slot-mark.ts';
import { type EndRecord, outcomePart, type ProgressRecord } from '../../protocol/remote/end-record.ts';
import { FORMAT_VERSION, MAX_RESULT_CHARS, type RemoteJob } from '../../protocol/remote/job.ts';
import { type LongTimer, startLongTimer } from '../long-timer.ts';
import type { Site } from '../pool/site.ts';
import { OutputSender } from './output-sender.ts';

const HOST = hostname();

/** A task that is over by then is not worth a word of its progress. */
const PROGRESS_AFTER_MS = 100;

const withinLimit = (part: ReturnType<typeof outcomePart>): ReturnType<typeof outcomePart> => {
  const { length } = part.value ?? part.result ?? part.thrown ?? '';
  if (length <= MAX_RESULT_CHARS) return part;
  const message = `the result has ${length} characters as ${part.result === undefined ? 'base64' : 'JSON'}, and ${MAX_RESULT_CHARS} can travel`;
  return { exitCode: null, signal: null, error: { code: 'ERR_RESULT', message } };
};

export interface AttemptPlace {
  readonly site: Site;
  readonly redis: Redis;
  /** By which the site knows it. */
  readonly seq: number;
  readonly slot: number;
  /** Its end will be signed. */
  readonly isSealed: boolean;
  /** Whether Redis takes nothing for now. */
  isRefusal(error: Error): boolean;
}

/** How one job is told of, and how it is looked whether it is still wanted. */
export interface AttemptPorts {
  readonly jobId: string;
  /** How often the job has been begun, from 1. */
  readonly execution: number;
  /** Of the stream of this execution. */
  readonly outputKey: string;
  readonly maxOutputBytes: number;
  /** For how long output stays, whoever reads it; undefined: until it is read. */
  readonly keepOutputMs?: number | undefined;
  tellProgress(progress: ProgressRecord): Promise<unknown>;
  /** How it is to be ended; undefined: it is not. */
  wish(): Promise<EndMode | undefined>;
  /** Whether the job is still this worker's, asked if there is a doubt; absent: its output stays in any case. */
  isOurs?(attempt: RemoteAttempt): Promise<boolean>;
}

/** One job at work on this machine, from its start to its end record. */
export class RemoteAttempt {
  readonly ports: AttemptPorts;
  /** When its lock was last known to be good, on the monotonic clock. */
  lockedAt = performance.now();
  /** Its result is of no use any more. */
  isLost = false;
  /** It is to go back to the queue, and be run elsewhere. */
  isHandedBack = false;
  /** It was ended because nobody wants it any more. */
  isCancelled = false;
  readonly #remote: RemoteJob;
  /** Why it was killed. */
  #failure: AttemptError | undefined;
  readonly #place: AttemptPlace;
  readonly #sender: OutputSender;
  #timedOutMs: number | null = null;
  #isTooMuch = false;
  #hasStream = false;
  #hasEnded = false;
  #limit: LongTimer | undefined;
  #progress: NodeJS.Timeout | undefined;

  constructor(remote: RemoteJob, place: AttemptPlace, ports: AttemptPorts) {
    this.ports = ports;
    this.#remote = remote;
    this.#place = place;
    const { site, seq } = place;
    this.#sender = new OutputSender(
      place.redis,
      { key: ports.outputKey, maxBytes: ports.maxOutputBytes, keepMs: ports.keepOutputMs, isDigested: place.isSealed },
      {
        onStream: () => {
          this.#hasStream = true;
          this.#tellProgress();
        },
        setPaused: (isPaused) => site.setPausedOf(seq, isPaused),
        onTooMuch: () => {
          this.#isTooMuch = true;
          this.end('graceful');
        },
      },
    );
  }

  /** Ends it, with all processes it has started. */
  end(mode: EndMode): void {
    if (!this.#hasEnded) this.#place.site.end(this.#place.seq, mode);
  }

  /** Ends it, since it is not wanted any more. */
  cancel(mode: EndMode): void {
    if (this.#hasEnded) return;
    this.isCancelled = true;
    this.end(mode);
  }

  /** By which the site knows it. */
  get seq(): number {
    return this.#place.seq;
  }

  /** Bytes that its processes may use together; undefined: as many as there are. */
  get memoryMax(): number | undefined {
    return this.#remote.memoryMax;
  }

  /** Kills it: it has failed, for this reason. */
  kill(error: AttemptError): void {
    if (this.#hasEnded) return;
    this.#failure ??= error;
    this.end('now');
  }

  /** Runs it to its end. */
  async run(): Promise<EndRecord> {
    const { task, attempt, ending, isOutputWanted } = this.#remote;
    const { site, seq, slot } = this.#place;
    const begunAt = performance.now();
    const outcome = await new Promise<AttemptOutcome>((resolve) => {
      site.run({
        task: { ...withSlot(task, slot), seq },
        inputSeq: task.seq,
        slot,
        attempt,
        ...(ending !== undefined && { ending }),
        // What may have to be killed for itself is with nobody else.
        mayWait: (task.timeoutMs ?? 0) === 0 && this.#remote.memoryMax === undefined && attempt === 1,
        onData: (stream, chunk) => {
          if (isOutputWanted && !this.isLost) this.#sender.data(stream, chunk);
        },
        onEnded: resolve,
      });
      this.#startTimers();
    });
    this.#hasEnded = true;
    const durationMs = Math.round((performance.now() - begunAt) * 1000) / 1000;
    this.#limit?.cancel();
    clearTimeout(this.#progress);
    const { output, lost } = await this.#output();
    return {
      version: FORMAT_VERSION,
      ...withinLimit(outcomePart(lost ?? this.#failure ?? (this.#isTooMuch ? this.#tooMuch : outcome))),
      timedOutMs: this.#timedOutMs,
      durationMs,
      host: HOST,
      pid: process.pid,
      slot,
      execution: this.ports.execution,
      output,
    };
  }

  async #output(): Promise<{ output: EndRecord['output']; lost?: AttemptOutcome }> {
    const none = { chunks: 0, bytes: 0 };
    if (this.isLost || this.isHandedBack) {
      this.#sender.discard();
      return { output: none };
    }
    try {
      const output = await this.#sender.finish();
      // What was sent again after a cut may have come when somebody else had already done it, and all of it was removed.
      if (output.chunks > 0 && (await this.ports.isOurs?.(this)) === false) this.isLost = true;
      if (!this.isLost) return { output };
      this.#sender.discard();
      return { output: none };
    } catch (error) {
      if (this.#place.isRefusal(error as Error)) {
        this.isHandedBack = true;
        this.#sender.discard();
        return { output: none };
      }
      const message = `what it wrote could not be sent: ${(error as Error).message}`;
      return { output: none, lost: { kind: 'error', code: 'ERR_OUTPUT_LOST', message } };
    }
  }

  get #tooMuch(): AttemptOutcome {
    const { maxOutputBytes, keepOutputMs } = this.ports;
    const limit = keepOutputMs === undefined ? 'that its worker sends' : 'that are kept of a task';
    return {
      kind: 'error',
      code: 'ERR_OUTPUT_MAX',
      message: `it wrote more than the ${maxOutputBytes} bytes ${limit} (--output-max)`,
    };
  }

  #startTimers(): void {
    const { timeoutMs = 0 } = this.#remote.task;
    if (timeoutMs > 0) {
      this.#limit = startLongTimer(timeoutMs, () => {
        this.#timedOutMs = timeoutMs;
        this.end('graceful');
      });
    }
    this.#progress = setTimeout(() => this.#tellProgress(), PROGRESS_AFTER_MS);
  }

  #tellProgress(): void {
    clearTimeout(this.#progress);
    if (this.#hasEnded) return;
    const { site, seq, slot } = this.#place;
    const progress: ProgressRecord = {
      version: FORMAT_VERSION,
      host: HOST,
      taskPid: site.seatOf(seq).pid ?? null,
      slot,
      execution: this.ports.execution,
      streams: this.#hasStream,
    };
    this.ports.tellProgress(progress).catch(() => {});
  }
}
