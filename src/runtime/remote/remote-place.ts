import type { Queue, QueueEvents } from 'bullmq';
import type { EndMode } from '../../core/pool/events.ts';
import type { TermSequence } from '../../core/pool/term-sequence.ts';
import { readEndRecord, readProgress } from '../../protocol/remote/end-record.ts';
import { type JobData, jobDataOf, MAX_JOB_BYTES } from '../../protocol/remote/job.ts';
import { keysOf, type QueueKeys } from '../../protocol/remote/keys.ts';
import type { ProcInfo } from '../family/proc.ts';
import { Guard } from '../guard.ts';
import type { Attempt } from '../lane/attempt.ts';
import type { Place, Rest, Seat } from '../pool/place.ts';
import { makeRunDirectory, removeRunDirectory } from '../run-directory.ts';
import { uniqueText } from '../unique-text.ts';
import type { Link } from './link.ts';
import { OutputReader } from './output-reader.ts';
import type { RemotePackages } from './packages.ts';
import { signatureOf } from './signature.ts';
import { type Piece, Submitted } from './submitted.ts';
import { within } from './within.ts';

const LOOK_MS = 1_000;
/** An attempt that was not heard of for so long is asked after: its events may have been lost. */
const SILENCE_MS = 5_000;
/** A worker that is told to kill a task and says nothing is not waited for any longer. */
const KILL_PATIENCE_MS = 5_000;
/** Ends that nobody has fetched are forgotten, s. */
const RESULT_EXPIRY_S = 3600;
/** How long jobs go on whose submitter is gone, beyond the time in which it may come back, ms. */
const BATCH_SLACK_MS = 60_000;

export interface RemotePlaceOptions {
  readonly queue: string;
  /** Of an attempt whose task has no time limit of its own, ms; 0: none. */
  readonly timeoutMs: number;
  readonly ending: TermSequence;
  /** Jobs are signed with it; undefined: not. */
  readonly key: string | undefined;
  /** How long Redis may be away, ms; 0: for ever. */
  readonly connectTimeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
}

export interface RemotePlaceEvents {
  say(line: string): void;
  /** What a view shows has changed. */
  onChange(): void;
}

/** Where workers on other machines run the attempts of a pool: each attempt is a job of BullMQ. */
export class RemotePlace implements Place {
  readonly #link: Link;
  readonly #options: RemotePlaceOptions;
  readonly #events: RemotePlaceEvents;
  readonly #keys: QueueKeys;
  readonly #batch = uniqueText();
  readonly #queue: Queue;
  readonly #reader: OutputReader;
  readonly #bySeq = new Map<number, Submitted>();
  readonly #byJob = new Map<string, Submitted>();
  readonly #byOutput = new Map<string, Submitted>();
  /** What Redis has still to be told before this can go. */
  readonly #open = new Set<Promise<unknown>>();
  readonly #timer: NodeJS.Timeout;
  readonly #isListening: Promise<QueueEvents | undefined>;
  #isClosed = false;
  #directory: string | undefined;
  /** It removes the directory if procctl cannot. */
  #guard: Guard | undefined;

  constructor(packages: RemotePackages, link: Link, options: RemotePlaceOptions, events: RemotePlaceEvents) {
    this.#link = link;
    this.#options = options;
    this.#events = events;
    this.#keys = keysOf(options.queue);
    this.#queue = new packages.bullmq.Queue(options.queue, { connection: link.redis, skipVersionCheck: true });
    this.#queue.on('error', () => {}); // the link tells
    this.#beat();
    this.#isListening = this.#listen(packages).catch(() => undefined);
    this.#reader = new OutputReader(link.copy(), link.redis, this.#keys.wake(this.#batch), {
      sources: () => this.#sources(),
      onPiece: (key, id, piece) => this.#read(key, id, piece),
      onRead: (key) => this.#settleRead(key),
    });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  get directory(): string {
    if (this.#directory !== undefined) return this.#directory;
    const { env, ending } = this.#options;
    this.#directory = makeRunDirectory(env);
    this.#guard = new Guard(env, `/${this.#batch}.`, this.#directory, ending);
    return this.#directory;
  }

  run(attempt: Attempt): void {
    const { seq } = attempt.task;
    const jobId = `${this.#batch}-${seq}-${attempt.attempt}`;
    const submitted = new Submitted(jobId, attempt);
    this.#bySeq.set(seq, submitted);
    this.#byJob.set(jobId, submitted);
    void this.#submit(submitted);
  }

  end(seq: number, mode: EndMode): void {
    const submitted = this.#bySeq.get(seq);
    if (submitted === undefined || submitted.isSettled || submitted.ending === 'now' || submitted.ending === mode)
      return;
    submitted.ending = mode;
    submitted.endingAt = performance.now();
    void this.#pursue(submitted);
  }

  seatOf(seq: number): Seat | undefined {
    const submitted = this.#bySeq.get(seq);
    if (submitted === undefined) return undefined;
    const { seat } = submitted;
    return { pid: seat?.taskPid ?? undefined, host: seat?.host ?? '?', isQueued: seat === undefined };
  }

  setPaused(isPaused: boolean): void {
    this.#reader.setPaused(isPaused);
  }

  /** On this machine there are none. */
  families(): ReadonlyMap<number, readonly ProcInfo[]> {
    return new Map();
  }

  /** What runs elsewhere goes on. */
  standStill(stop: () => void): void {
    stop();
  }

  async rest(): Promise<Rest> {
    while (this.#open.size > 0 && this.#link.isUp) await within(LOOK_MS, Promise.all(this.#open));
    return { leftovers: [], survivors: [], droppedBytes: 0 };
  }

  /** Workers see that nobody waits any more once the batch is gone, or has not been renewed. */
  async killAll(): Promise<void> {
    if (!this.#link.isUp) return;
    await within(LOOK_MS, this.#link.redis.del(this.#keys.batch(this.#batch)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#reader.stop();
    for (const submitted of this.#bySeq.values()) submitted.fail('ERR_REDIS', 'the pool has ended before it did');
    const { redis } = this.#link;
    if (this.#link.isUp) {
      await within(LOOK_MS, redis.del(this.#keys.batch(this.#batch), this.#keys.wake(this.#batch)));
    }
    const closing = this.#isListening.then((events) => events?.close());
    await within(LOOK_MS, Promise.all([closing, this.#queue.close()]));
    await this.#link.close();
  }

  remove(): void {
    if (this.#directory !== undefined) removeRunDirectory(this.#directory);
    void this.#guard?.dismiss();
  }

  /** Somebody waits for the jobs of this batch. */
  #beat(): void {
    const { connectTimeoutMs } = this.#options;
    const key = this.#keys.batch(this.#batch);
    const { redis } = this.#link;
    const set =
      connectTimeoutMs === 0 ? redis.set(key, '1') : redis.set(key, '1', 'PX', connectTimeoutMs + BATCH_SLACK_MS);
    set.catch(() => {});
  }

  async #listen({ bullmq }: RemotePackages): Promise<QueueEvents> {
    const [last] = await this.#link.redis.xrevrange(this.#keys.events, '+', '-', 'COUNT', 1);
    const events = new bullmq.QueueEvents(this.#options.queue, {
      connection: this.#link.copy(),
      skipVersionCheck: true,
      lastEventId: last?.[0] ?? '0',
    });
    events.on('error', () => {});
    events.on('progress', ({ jobId, data }) => this.#progress(this.#byJob.get(jobId), data));
    events.on('completed', ({ jobId, returnvalue }) => this.#completed(this.#byJob.get(jobId), returnvalue));
    events.on('failed', ({ jobId, failedReason }) => this.#failed(this.#byJob.get(jobId), failedReason));
    events.on('stalled', ({ jobId }) => this.#stalled(this.#byJob.get(jobId)));
    if (this.#isClosed) await events.close();
    return events;
  }

  async #submit(submitted: Submitted): Promise<void> {
    const { jobId, attempt } = submitted;
    const { timeoutMs, ending, key, queue } = this.#options;
    const task = { ...attempt.task, timeoutMs: attempt.task.timeoutMs ?? timeoutMs };
    const plain = jobDataOf(task, { attempt: attempt.attempt, ending, batch: this.#batch });
    try {
      // Nothing that ends may be missed.
      await this.#isListening;
      const data: JobData = key === undefined ? plain : { ...plain, signature: signatureOf(key, queue, jobId, plain) };
      const bytes = Buffer.byteLength(JSON.stringify(data));
      if (bytes > MAX_JOB_BYTES) {
        this.#forget(submitted);
        submitted.fail(
          'ERR_JOB_SIZE',
          `it has ${bytes} bytes with its standard input, and ${MAX_JOB_BYTES} can travel`,
        );
        return;
      }
      // An end that nobody fetches is not kept for ever.
      const kept = { age: RESULT_EXPIRY_S };
      await this.#queue.add('task', data, { jobId, attempts: 1, removeOnComplete: kept, removeOnFail: kept });
      submitted.isIn = true;
      submitted.heardAt = performance.now();
    } catch (error) {
      this.#forget(submitted);
      submitted.fail('ERR_SUBMIT', this.#link.redacted(`cannot be put into the queue: ${(error as Error).message}`));
    }
  }

  #progress(submitted: Submitted | undefined, data: unknown): void {
    const progress = readProgress(data);
    if (submitted === undefined || progress === undefined) return;
    submitted.heardAt = performance.now();
    const before = submitted.execution;
    submitted.progress(progress);
    this.#follow(submitted, before);
    if (progress.streams) this.#reader.wake();
    this.#events.onChange();
  }

  #completed(submitted: Submitted | undefined, returned: unknown): void {
    if (submitted === undefined || submitted.hasEnd) return;
    submitted.heardAt = performance.now();
    const before = submitted.execution;
    const isWhole = submitted.ended(readEndRecord(returned));
    this.#follow(submitted, before);
    if (isWhole) this.#settle(submitted);
    else this.#reader.wake();
  }

  /** Each execution of a job has an output of its own. @param before the one that was followed so far */
  #follow(submitted: Submitted, before: number): void {
    const { jobId, execution } = submitted;
    if (execution === before) return;
    this.#dropOutput(jobId, before);
    this.#byOutput.set(this.#keys.output(jobId, execution), submitted);
  }

  #dropOutput(jobId: string, execution: number): void {
    const key = this.#keys.output(jobId, execution);
    if (this.#byOutput.delete(key)) this.#link.redis.del(key).catch(() => {});
  }

  #failed(submitted: Submitted | undefined, reason: string): void {
    if (submitted === undefined || submitted.hasEnd) return;
    this.#forget(submitted);
    const [, code = 'ERR_WORKER', message = reason] = /^(ERR_[A-Z_]+): (.*)$/s.exec(reason) ?? [];
    const isLost = /stalled more than/.test(reason);
    submitted.fail(
      isLost ? 'ERR_WORKER_LOST' : code,
      isLost ? `its workers were lost, again and again: ${reason}` : message,
    );
  }

  #stalled(submitted: Submitted | undefined): void {
    if (submitted === undefined) return;
    const { seat } = submitted;
    submitted.stalled();
    const { name, id } = submitted.attempt.task;
    const host = seat === undefined ? '' : ` on ${seat.host}`;
    this.#events.say(`task ${id} (${name}): its worker${host} is lost; it runs again on another one`);
    this.#events.onChange();
  }

  #settle(submitted: Submitted, isWhole?: boolean): void {
    this.#forget(submitted);
    submitted.settle(isWhole);
  }

  /** What is in Redis of an attempt that is over is removed. */
  #forget(submitted: Submitted): void {
    const { jobId, attempt } = submitted;
    if (this.#bySeq.get(attempt.task.seq) === submitted) this.#bySeq.delete(attempt.task.seq);
    this.#byJob.delete(jobId);
    // A worker that was lost may have left an output that nobody has heard of.
    const outputs = Array.from({ length: Math.max(1, submitted.execution) }, (_, index) =>
      this.#keys.output(jobId, index + 1),
    );
    for (const key of outputs) this.#byOutput.delete(key);
    const removed: Promise<unknown> = Promise.allSettled([
      this.#queue.remove(jobId),
      this.#link.redis.del(...outputs, this.#keys.end(jobId)),
    ]).then(() => this.#open.delete(removed));
    this.#open.add(removed);
  }

  #sources(): { readonly key: string; readonly lastId: string }[] {
    const sources = [];
    for (const [key, submitted] of this.#byOutput)
      if (submitted.isToBeRead) sources.push({ key, lastId: submitted.lastId });
    return sources;
  }

  #read(key: string, id: string, piece: Piece): void {
    const submitted = this.#byOutput.get(key);
    if (submitted === undefined) return;
    submitted.lastId = id;
    submitted.heardAt = performance.now();
    submitted.read(piece);
  }

  #settleRead(key: string): void {
    const submitted = this.#byOutput.get(key);
    if (submitted === undefined) return;
    if (submitted.isWhole) {
      this.#settle(submitted);
      return;
    }
    // What has been read makes room for more.
    const [ms, number] = submitted.lastId.split('-');
    this.#link.redis.xtrim(key, 'MINID', `${ms}-${Number(number) + 1}`).catch(() => {});
  }

  #look(): void {
    if (!this.#link.isUp) {
      for (const submitted of this.#bySeq.values()) this.#giveUpKilled(submitted);
      return;
    }
    this.#beat();
    const now = performance.now();
    for (const submitted of [...this.#bySeq.values()]) {
      if (this.#giveUpKilled(submitted)) continue;
      if (submitted.ending !== undefined) void this.#pursue(submitted);
      if (submitted.isIn && now - submitted.heardAt > SILENCE_MS) {
        submitted.heardAt = now;
        void this.#ask(submitted);
      }
    }
  }

  /** @returns whether it was killed, and its worker does not say so */
  #giveUpKilled(submitted: Submitted): boolean {
    if (submitted.ending !== 'now' || performance.now() - submitted.endingAt < KILL_PATIENCE_MS) return false;
    const host = submitted.seat === undefined ? 'its worker' : `its worker on ${submitted.seat.host}`;
    const { jobId, attempt } = submitted;
    // Not forgotten in Redis: whoever has it is to find that it has to end.
    this.#bySeq.delete(attempt.task.seq);
    this.#byJob.delete(jobId);
    this.#byOutput.delete(this.#keys.output(jobId, submitted.execution));
    submitted.fail('ERR_WORKER_SILENT', `${host} does not say that it has ended it`);
    return true;
  }

  /** Sees to it that an attempt ends: one that waits is taken out, one that runs is ended by its worker. */
  async #pursue(submitted: Submitted): Promise<void> {
    const { jobId, ending = 'graceful' } = submitted;
    const { redis } = this.#link;
    try {
      await redis.set(this.#keys.end(jobId), ending, 'EX', RESULT_EXPIRY_S);
      await redis.publish(this.#keys.ends, jobId);
      const state = await this.#queue.getJobState(jobId);
      if (submitted.isSettled || submitted.hasEnd) return;
      if (state === 'completed' || state === 'failed') await this.#ask(submitted);
      else if (submitted.isIn || state !== 'unknown') {
        // One that runs is locked, and stays; one whose worker is lost is not.
        const isOut = (await this.#queue.remove(jobId)) === 1;
        if (!isOut || submitted.isSettled || submitted.hasEnd) return;
        this.#forget(submitted);
        if (state === 'active') submitted.fail('ERR_WORKER_LOST', 'its worker is lost');
        else submitted.fail('ERR_NOT_STARTED', 'ended before it started');
      }
    } catch {
      // Cut off: it is tried again.
    }
  }

  /** What became of an attempt whose events may have been lost. */
  async #ask(submitted: Submitted): Promise<void> {
    const { jobId } = submitted;
    const key = this.#keys.job(jobId);
    try {
      if (submitted.hasEnd) {
        // Its end is known, but not all it wrote is there to be read.
        if ((await this.#link.redis.xlen(this.#keys.output(jobId, submitted.execution))) === 0)
          this.#settle(submitted, false);
        return;
      }
      const [at, finishedAt, returned, reason, progress] = await this.#link.redis.hmget(
        key,
        'timestamp',
        'finishedOn',
        'returnvalue',
        'failedReason',
        'progress',
      );
      if (submitted.isSettled || submitted.hasEnd) return;
      if (at === null) {
        this.#forget(submitted);
        submitted.fail(
          'ERR_JOB_LOST',
          'it is not in the queue any more: somebody has removed it, or Redis has lost it',
        );
      } else if (typeof finishedAt === 'string') {
        if (typeof returned === 'string') this.#completed(submitted, JSON.parse(returned));
        else this.#failed(submitted, reason ?? 'failed');
      } else if (typeof progress === 'string') this.#progress(submitted, JSON.parse(progress));
    } catch {
      // Cut off, or not JSON: it is asked again.
    }
  }
}
