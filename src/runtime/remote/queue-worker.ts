import { constants, hostname } from 'node:os';
import type { Job, Worker } from 'bullmq';
import type { EndMode } from '../../core/pool/events.ts';
import { Slots } from '../../core/pool/slots.ts';
import type { TermSequence } from '../../core/pool/term-sequence.ts';
import { type AllowRule, refusalOf } from '../../protocol/remote/allow-rule.ts';
import type { EndRecord } from '../../protocol/remote/end-record.ts';
import { BadJob, FORMAT_VERSION, type JobData, type RemoteJob, readJob } from '../../protocol/remote/job.ts';
import { keysOf, type QueueKeys } from '../../protocol/remote/keys.ts';
import { lanesThatFit } from '../descriptors.ts';
import { Site } from '../pool/site.ts';
import type { Link } from './link.ts';
import type { RemotePackages } from './packages.ts';
import { RemoteAttempt } from './remote-attempt.ts';
import { isSigned } from './signature.ts';
import { within } from './within.ts';

/** How often a job may be begun anew after the loss of its worker. */
const MAX_STALLED = 5;
/** How often it is looked whether jobs are still wanted, and their locks good. */
const LOOK_MS = 1_000;
/** How long the last words to Redis may take. */
const LAST_WORDS_MS = 3_000;

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(constants.signals));

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
  readonly #worker: Worker;
  readonly #slots = new Slots();
  readonly #running = new Map<string, RemoteAttempt>();
  readonly #timer: NodeJS.Timeout;
  #site: Site | undefined;
  #lastSeq = 0;
  #isDraining = false;

  constructor(packages: RemotePackages, link: Link, options: QueueWorkerOptions, events: QueueWorkerEvents) {
    this.#packages = packages;
    this.#link = link;
    this.#options = options;
    this.#events = events;
    this.#keys = keysOf(options.queue);
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
    this.#worker.on('error', () => {}); // the link tells of its own, and of locks the next two do
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
    const late = setTimeout(() => this.#handBack('graceful'), limitMs);
    // Jobs that are on their way here are waited for as well.
    await this.#worker.close();
    clearTimeout(late);
  }

  /** Ends what runs at once; it goes back to the queue. */
  handBackNow(): void {
    this.#isDraining = true;
    this.#handBack('now');
  }

  /** Gives all back; what still runs is killed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#handBack('now');
    await within(LAST_WORDS_MS, this.#worker.close());
    for (const attempt of this.#running.values()) attempt.end('now');
    await this.#site?.killAll();
    if (this.#running.size === 0) {
      const { leftovers = [] } = (await this.#site?.rest()) ?? {};
      const names = leftovers.map(({ pid, command }) => `${pid} (${command})`).join(', ');
      if (leftovers.length > 0) this.#events.say(`ended what tasks had left running: ${names}`);
      await this.#site?.close();
    }
    this.#site?.remove();
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
    this.#events.say(`job ${attempt.job.id}: its lock is lost, so it is ended here; it runs again elsewhere`);
  }

  /** A lock that may have expired is no lock: somebody else may be at the job by now. */
  #look(): void {
    const latest = performance.now() - this.#options.lockMs;
    for (const attempt of this.#running.values()) if (attempt.lockedAt < latest) this.#lose(attempt);
    if (this.#link.isUp && this.#running.size > 0) void this.#lookAfter([...this.#running.values()]);
  }

  /** Ends what is not wanted any more. */
  async #lookAfter(attempts: readonly RemoteAttempt[]): Promise<void> {
    const wishes = await Promise.all(
      attempts.map(async ({ job }) => this.#wish(job.id as string, (job.data as JobData).batch)),
    ).catch(() => []);
    for (const [index, wish] of wishes.entries()) if (wish !== undefined) attempts[index]?.end(wish);
  }

  /** How a job is to be ended; undefined: it is not. */
  async #wish(jobId: string, batch: string | undefined): Promise<EndMode | undefined> {
    const { redis } = this.#link;
    const [wish, isWanted] = await Promise.all([
      redis.get(this.#keys.end(jobId)),
      batch === undefined ? 1 : redis.exists(this.#keys.batch(batch)),
    ]);
    if (wish !== null) return wish === 'now' ? 'now' : 'graceful';
    return isWanted === 0 ? 'graceful' : undefined;
  }

  async #process(job: Job, token: string): Promise<EndRecord> {
    const remote = this.#accept(job);
    const jobId = job.id as string;
    if ((await this.#wish(jobId, remote.batch)) !== undefined) return this.#notBegun(job);
    if (this.#isDraining) return this.#giveBack(job, token);
    this.#lastSeq += 1;
    const slot = this.#slots.take();
    const attempt = new RemoteAttempt(job, remote, {
      site: this.#open(),
      redis: this.#link.redis,
      seq: this.#lastSeq,
      slot,
      outputKey: (execution) => this.#keys.output(jobId, execution),
      maxOutputBytes: this.#options.maxOutputBytes,
    });
    this.#running.set(jobId, attempt);
    let end: EndRecord;
    try {
      end = await attempt.run();
    } finally {
      this.#slots.give(slot);
      if (this.#running.get(jobId) === attempt) this.#running.delete(jobId);
    }
    return attempt.isHandedBack && !attempt.isLost ? this.#giveBack(job, token) : end;
  }

  /** @throws UnrecoverableError for what is no job, not signed, or not allowed */
  #accept(job: Job): RemoteJob {
    const { queue, key, allow, directory } = this.#options;
    const refuse = (code: string, reason: string): Error => {
      this.#events.say(`job ${job.id} is refused: ${reason}`);
      return new this.#packages.bullmq.UnrecoverableError(`${code}: ${reason}`);
    };
    if (key !== undefined && !isSigned(key, queue, job.id as string, job.data as JobData)) {
      throw refuse('ERR_SIGNATURE', 'it is not signed with the key of this worker (PROCCTL_QUEUE_KEY)');
    }
    let remote: RemoteJob;
    try {
      remote = readJob(job.data, SIGNALS);
    } catch (error) {
      if (!(error instanceof BadJob)) throw error;
      throw refuse('ERR_JOB', error.message);
    }
    const refusal = refusalOf(remote.task, allow, directory);
    if (refusal !== undefined) throw refuse('ERR_NOT_ALLOWED', refusal);
    return remote;
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
    await job.moveToWait(token);
    throw new this.#packages.bullmq.WaitingError();
  }

  #open(): Site {
    if (this.#site !== undefined) return this.#site;
    const { env, runner, size, directory, ending } = this.#options;
    const site = new Site({ env, runner, size, directory, ending, nice: 0 }, lanesThatFit(), {
      onShrunk: (fewer, error) => {
        this.#worker.concurrency = fewer;
        this.#events.say(`${fewer} at a time instead of ${size}: ${error.message}`);
      },
      onFailed: (error) => this.#events.onFailed(error),
    });
    this.#site = site;
    return site;
  }
}
