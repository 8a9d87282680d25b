import { constants, hostname } from 'node:os';
import type { Job, Worker } from 'bullmq';
import type { EndMode } from '../../core/pool/events.ts';
import type { AttemptError } from '../../core/pool/outcome.ts';
import { Slots } from '../../core/pool/slots.ts';
import type { TermSequence } from '../../core/pool/term-sequence.ts';
import { type AllowRule, refusalOf } from '../../protocol/remote/allow-rule.ts';
import {
  type AttemptJob,
  readBatchJob,
  readBatchTask,
  type StartJob,
  signedIdOf,
} from '../../protocol/remote/batch-job.ts';
import type { EndRecord } from '../../protocol/remote/end-record.ts';
import { BadJob, FORMAT_VERSION, type JobData, type RemoteJob, readJob } from '../../protocol/remote/job.ts';
import { keysOf, type QueueKeys } from '../../protocol/remote/keys.ts';
import { lanesThatFit } from '../descriptors.ts';
import { Site } from '../pool/site.ts';
import { TaskMemoryWatch } from '../pool/watches/task-memory-watch.ts';
import { BatchAttempts, type Ran } from './batches/batch-attempt.ts';
import { BatchQueue } from './batches/batch-queue.ts';
import { startBatch } from './batches/batch-start.ts';
import { BatchStore } from './batches/batch-store.ts';
import { insist } from './batches/insist.ts';
import type { Link } from './link.ts';
import type { RemotePackages } from './packages.ts';
import { type AttemptPorts, RemoteAttempt } from './remote-attempt.ts';
import { isSigned, type Signer, signedEnd } from './signature.ts';
import { Wishes } from './wishes.ts';
import { within } from './within.ts';

/** How often a job may be begun anew after the loss of its worker. */
const MAX_STALLED = 5;
/** How often it is looked whether jobs are still wanted, and their locks good. */
const LOOK_MS = 1_000;
/** After Redis has refused something for now. */
const REST_MS = 1_000;
/** How long the last words to Redis may take. */
const LAST_WORDS_MS = 3_000;

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(constants.signals));

const jsonOf = (text: string): JobData | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export interface QueueWorkerOptions {
  readonly queue: string;
  readonly size: number;
  readonly allow: readonly AllowRule[];
  /** Jobs have to be signed with it; undefined: they need not. */
  readonly key: string | undefined;
  /** For how long a job is this worker's after it was last heard of, ms. */
  readonly lockMs: number;
  readonly maxOutputBytes: number;
  readonly runner: 'auto' | 'spawn';
  /** How tasks are ended whose job does not say. */
  readonly ending: TermSequence;
  /** Of tasks; without secrets of ours. */
  readonly env: NodeJS.ProcessEnv;
  /** Absolute. */
  readonly directory: string;
}

export interface QueueWorkerEvents {
  say(line: string): void;
  /** Nothing can be run any more. */
  onFailed(error: Error): void;
}

/** Runs the jobs of a queue on this machine, some at a time. */
export class QueueWorker {
  readonly #packages: RemotePackages;
  readonly #link: Link;
  readonly #options: QueueWorkerOptions;
  readonly #events: QueueWorkerEvents;
  readonly #keys: QueueKeys;
  readonly #wishes: Wishes;
  readonly #worker: Worker;
  readonly #slots = new Slots();
  readonly #running = new Map<string, RemoteAttempt>();
  readonly #store: BatchStore;
  readonly #timer: NodeJS.Timeout;
  /** For jobs of batches that were handed over; made with the first of them. */
  #batches: { readonly queue: BatchQueue; readonly attempts: BatchAttempts } | undefined;
  /** Each has another niceness. */
  readonly #sites = new Map<number, Site>();
  /** Once there was a task that may not use all the memory there is. */
  #memoryWatch: TaskMemoryWatch | undefined;
  #lastSeq = 0;
  #isDraining = false;
  /** What is at work has had its time. */
  #isLate = false;
  #isResting = false;

  constructor(packages: RemotePackages, link: Link, options: QueueWorkerOptions, events: QueueWorkerEvents) {
    this.#packages = packages;
    this.#link = link;
    this.#options = options;
    this.#events = events;
    this.#keys = keysOf(options.queue);
    this.#wishes = new Wishes(link.redis, this.#keys);
    this.#store = new BatchStore(link.redis, options.queue);
    this.#worker = new packages.bullmq.Worker(options.queue, (job, token) => this.#process(job, token ?? ''), {
      connection: link.redis,
      skipVersionCheck: true,
      concurrency: Math.min(options.size, lanesThatFit()),
      lockDuration: options.lockMs,
      stalledInterval: options.lockMs,
      maxStalledCount: MAX_STALLED,
      // A restarted Redis is asked again soon.
      runRetryDelay: 1_000,
      name: hostname(),
    });
    // Of the connection the link tells, and of locks the next two do.
    this.#worker.on('error', (error) => {
      if (link.isRefusal(error)) this.#takeARest();
    });
    this.#worker.on('active', () => link.taken());
    this.#worker.on('locksRenewed', ({ jobIds }) => {
      for (const id of jobIds) {
        const attempt = this.#running.get(id);
        if (attempt !== undefined) attempt.lockedAt = performance.now();
      }
    });
    this.#worker.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds) this.#lose(this.#running.get(id));
    });
    const ends = link.copy();
    ends.subscribe(this.#keys.ends).catch(() => {});
    ends.on('message', (_channel, jobId) => {
      const attempt = this.#running.get(jobId);
      if (attempt !== undefined) void this.#lookAfter([attempt]);
    });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /**
   * Takes no more jobs, and resolves once those at work have ended. With a time limit those that take longer are ended,
   * and go back to the queue.
   */
  async drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    const late = setTimeout(() => {
      this.#isLate = true;
      this.#handBack('graceful');
    }, limitMs);
    // Jobs that are on their way here are waited for as well.
    await this.#worker.close();
    clearTimeout(late);
  }

  /** Ends what runs at once; it goes back to the queue. */
  handBackNow(): void {
    this.#isDraining = true;
    this.#isLate = true;
    this.#handBack('now');
  }

  /** Gives all back; what still runs is killed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#handBack('now');
    await within(LAST_WORDS_MS, Promise.all([this.#worker.close(), this.#batches?.queue.close()]));
    for (const attempt of this.#running.values()) attempt.end('now');
    this.#memoryWatch?.stop();
    for (const site of this.#sites.values()) await this.#leave(site);
  }

  async #leave(site: Site): Promise<void> {
    await site.killAll();
    if (this.#running.size === 0) {
      const { leftovers } = await site.rest();
      const names = leftovers.map(({ pid, command }) => `${pid} (${command})`).join(', ');
      if (leftovers.length > 0) this.#events.say(`ended what tasks had left running: ${names}`);
      await site.close();
    }
    site.remove();
  }

  /** BullMQ asks for a job again as soon as it is refused one. */
  #takeARest(): void {
    if (this.#isResting || this.#isDraining) return;
    this.#isResting = true;
    void this.#worker.pause(true);
    setTimeout(() => {
      this.#isResting = false;
      if (!this.#isDraining) void this.#worker.resume();
    }, REST_MS);
  }

  #handBack(mode: EndMode): void {
    for (const attempt of this.#running.values()) {
      attempt.isHandedBack = true;
      attempt.end(mode);
    }
  }

  #lose(attempt: RemoteAttempt | undefined): void {
    if (attempt === undefined || attempt.isLost) return;
    attempt.isLost = true;
    attempt.end('now');
    this.#events.say(`job ${attempt.ports.jobId}: its lock is lost, so it is ended here; it runs again elsewhere`);
  }

  /** A lock that may have expired is no lock: somebody else may be at the job by now. */
  #look(): void {
    const latest = performance.now() - this.#options.lockMs;
    for (const attempt of this.#running.values()) if (attempt.lockedAt < latest) this.#lose(attempt);
    if (this.#link.isUp && this.#running.size > 0) void this.#lookAfter([...this.#running.values()]);
  }

  /** @param cutCount that of the link when the attempt began */
  async #isOurs(attempt: RemoteAttempt, token: string, cutCount: number): Promise<boolean> {
    // Locks are renewed after half of their time.
    const isFresh = performance.now() - attempt.lockedAt < this.#options.lockMs * 0.75;
    if (isFresh && cutCount === this.#link.cutCount) return true;
    return (await this.#link.redis.get(this.#keys.lock(attempt.ports.jobId))) === token;
  }

  /** Ends what is not wanted any more. */
  async #lookAfter(attempts: readonly RemoteAttempt[]): Promise<void> {
    const wishes = await Promise.all(attempts.map(({ ports }) => ports.wish())).catch(() => []);
    for (const [index, wish] of wishes.entries()) if (wish !== undefined) attempts[index]?.cancel(wish);
  }

  async #process(job: Job, token: string): Promise<EndRecord | null> {
    const ofBatch = readBatchJob(job.data);
    if (ofBatch !== undefined) return this.#processOfBatch(ofBatch, job, token);
    const remote = this.#accept(job.data, job.id as string, (data) => readJob(data, SIGNALS));
    const jobId = job.id as string;
    if ((await this.#wishes.ofTaken(jobId, remote.batch)) !== undefined) {
      return signedEnd(this.#signer, jobId, this.#notBegun(job));
    }
    if (this.#isDraining) return this.#giveBack(job, token);
    const { cutCount } = this.#link;
    const execution = Math.max(1, job.attemptsStarted);
    const { attempt, record } = await this.#run(remote, {
      jobId,
      execution,
      outputKey: this.#keys.output(jobId, execution),
      maxOutputBytes: this.#options.maxOutputBytes,
      tellProgress: (progress) => job.updateProgress(progress),
      wish: () => this.#wishes.of(jobId, remote.batch),
      isOurs: (asking) => this.#isOurs(asking, token, cutCount),
    });
    // Its lock may still be good, if it was renewed and only the answer was lost: then how it was ended here does not count either.
    if (attempt.isHandedBack || attempt.isLost) return this.#giveBack(job, token);
    // BullMQ takes the next job by the command that tells the end of this one.
    this.#wishes.expect();
    return signedEnd(this.#signer, jobId, record);
  }

  async #processOfBatch(ref: StartJob | AttemptJob, job: Job, token: string): Promise<null> {
    if (this.#isDraining) return this.#giveBack(job, token);
    const { queue, attempts } = this.#openBatches();
    const isEnding = (): boolean => this.#isDraining;
    let isDone = false;
    try {
      isDone =
        'start' in ref
          ? await insist(
              () => startBatch(ref, { store: this.#store, queue, isEnding }),
              (error) => this.#isToInsist(error),
            )
          : await attempts.process(ref, token);
    } catch (error) {
      // What Redis does not take now is done again later.
      if (!this.#link.isRefusal(error as Error)) throw error;
    }
    return isDone ? null : this.#giveBack(job, token);
  }

  /** Whether what Redis refuses is to be tried again here: not for longer than tasks may take to their ends. */
  #isToInsist(error: Error): boolean {
    return this.#link.isRefusal(error) && !this.#isLate;
  }

  get #signer(): Signer | undefined {
    const { key, queue } = this.#options;
    return key === undefined ? undefined : { key, queue };
  }

  #openBatches(): { readonly queue: BatchQueue; readonly attempts: BatchAttempts } {
    if (this.#batches !== undefined) return this.#batches;
    const queue = new BatchQueue(this.#packages, this.#store, this.#options.queue);
    const attempts = new BatchAttempts(this.#store, queue, {
      accept: (text, ref) => {
        const read = (data: unknown) => readBatchTask(data, ref, SIGNALS);
        return this.#accept(jsonOf(text), signedIdOf(ref.detached, ref.seq), read);
      },
      run: (task, ports) => this.#run(task, ports),
      isRefusal: (error) => this.#isToInsist(error),
      sign: (jobId, record) => signedEnd(this.#signer, jobId, record),
      maxOutputBytes: this.#options.maxOutputBytes,
    });
    this.#batches = { queue, attempts };
    return this.#batches;
  }

  async #run(remote: RemoteJob, ports: AttemptPorts): Promise<Required<Ran>> {
    this.#lastSeq += 1;
    const slot = this.#slots.take();
    const place = {
      site: this.#open(remote.nice),
      redis: this.#link.redis,
      seq: this.#lastSeq,
      slot,
      isRefusal: (error: Error): boolean => this.#link.isRefusal(error),
      isSealed: this.#signer !== undefined,
    };
    const attempt = new RemoteAttempt(remote, place, ports);
    this.#running.set(ports.jobId, attempt);
    if (remote.memoryMax !== undefined) this.#memoryWatch ??= this.#watchMemory();
    try {
      return { attempt, record: await attempt.run() };
    } finally {
      this.#slots.give(slot);
      if (this.#running.get(ports.jobId) === attempt) this.#running.delete(ports.jobId);
    }
  }

  /**
   * @param id what the signature is about, beside the data
   * @throws UnrecoverableError for what is no job, not signed, or not allowed
   */
  #accept<T extends RemoteJob>(data: JobData | undefined, id: string, read: (data: unknown) => T): T {
    const { queue, key, allow, directory } = this.#options;
    const refuse = (code: string, reason: string): Error => {
      this.#events.say(`job ${id} is refused: ${reason}`);
      return new this.#packages.bullmq.UnrecoverableError(`${code}: ${reason}`);
    };
    if (key !== undefined && (data === undefined || !isSigned(key, queue, id, data))) {
      throw refuse('ERR_SIGNATURE', 'it is not signed with the key of this worker (PROCCTL_QUEUE_KEY)');
    }
    let job: T;
    try {
      job = read(data);
    } catch (error) {
      if (!(error instanceof BadJob)) throw error;
      throw refuse('ERR_JOB', error.message);
    }
    const refusal = refusalOf(job.task, allow, directory);
    if (refusal !== undefined) throw refuse('ERR_NOT_ALLOWED', refusal);
    return job;
  }

  #notBegun(job: Job): EndRecord {
    return {
      version: FORMAT_VERSION,
      exitCode: null,
      signal: null,
      error: { code: 'ERR_NOT_STARTED', message: 'ended before it started' },
      timedOutMs: null,
      durationMs: 0,
      host: hostname(),
      pid: process.pid,
      slot: 0,
      execution: Math.max(1, job.attemptsStarted),
      output: { chunks: 0, bytes: 0 },
    };
  }

  async #giveBack(job: Job, token: string): Promise<never> {
    // Not ours any more, or refused: then it goes back by itself, once its lock has expired.
    await job.moveToWait(token).catch((error: Error) => this.#link.isRefusal(error));
    throw new this.#packages.bullmq.WaitingError();
  }

  #watchMemory(): TaskMemoryWatch {
    const limited = (): RemoteAttempt[] =>
      [...this.#running.values()].filter(({ memoryMax }) => memoryMax !== undefined);
    const attemptOf = (seq: number): RemoteAttempt | undefined => limited().find((attempt) => attempt.seq === seq);
    const watched = {
      get counts() {
        return { running: limited().length };
      },
      families: () => new Map([...this.#sites.values()].flatMap((site) => [...site.families()])),
      kill: (seq: number, error: AttemptError) => attemptOf(seq)?.kill(error),
    };
    return new TaskMemoryWatch(watched, (seq) => attemptOf(seq)?.memoryMax);
  }

  /** @param nice added to the niceness of the worker */
  #open(nice: number): Site {
    const earlier = this.#sites.get(nice);
    if (earlier !== undefined) return earlier;
    const { env, runner, size, directory, ending } = this.#options;
    const site = new Site({ env, runner, size, directory, ending, nice }, lanesThatFit(), {
      onShrunk: (fewer, error) => {
        this.#worker.concurrency = fewer;
        this.#events.say(`${fewer} at a time instead of ${size}: ${error.message}`);
      },
      onFailed: (error) => this.#events.onFailed(error),
    });
    this.#sites.set(nice, site);
    return site;
  }
}
