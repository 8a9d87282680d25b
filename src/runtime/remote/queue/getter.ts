import type { Job } from 'bullmq';
import type { QueueRules } from '../../../core/queue/events.ts';
import { QueueClosedError, QueueEmptyError, RemoteError } from '../../../errors.ts';
import { forgetClosedWhenEmpty } from '../../../protocol/remote/closed-script.ts';
import { itemOf } from '../../../protocol/remote/item.ts';
import { itemKeys } from '../../../protocol/remote/item-keys.ts';
import type { RestoreHandle } from '../../../protocol/values/handle.ts';
import type { WaitLimits } from '../../broker/limits.ts';
import { uniqueText } from '../../unique-text.ts';
import { Pending } from './pending.ts';
import type { QueueLink } from './queue-link.ts';
import type { Wakes } from './wakes.ts';

interface Get {
  readonly isNowait: boolean;
  readonly pending: Pending<unknown>;
}

interface Held {
  readonly job: Job;
  readonly item: unknown;
}

export interface GetterOptions {
  readonly name: string;
  readonly rules: QueueRules;
  readonly lockMs: number;
  readonly restore: RestoreHandle;
}

/** It is done with, or somebody else's: there is nothing that could be done about it. */
const isGone = (error: unknown): boolean => /Missing key/.test(String((error as Error)?.message));

/** Takes items for one process, and says what is done with. */
export class Getter {
  readonly #link: QueueLink;
  readonly #options: GetterOptions;
  readonly #items: Wakes;
  readonly #onChange: () => void;
  readonly #token = uniqueText();
  #gets: Get[] = [];
  /** Handed out and not done with, the oldest first. */
  #held: Held[] = [];
  /** What Redis is being told. */
  readonly #open = new Set<Promise<unknown>>();
  #isExplicit = false;
  #isRunning = false;
  #renewal: NodeJS.Timeout | undefined;

  /** @param items wakes when there may be something to take */
  constructor(link: QueueLink, options: GetterOptions, items: Wakes, onChange: () => void) {
    this.#link = link;
    this.#options = options;
    this.#items = items;
    this.#onChange = onChange;
  }

  get isBusy(): boolean {
    return this.#gets.length > 0 || this.#open.size > 0;
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Whether items stay this process's until it says that they are done with. */
  get #isHeldOn(): boolean {
    const { delivery, isJoinable } = this.#options.rules;
    return delivery === 'at-least-once' || isJoinable;
  }

  get(limits: WaitLimits, isNowait: boolean): Promise<unknown> {
    if (!this.#options.rules.isJoinable && !this.#isExplicit) for (const held of [...this.#held]) this.#finish(held);
    const pending = new Pending<unknown>(
      isNowait ? {} : limits,
      () => new QueueEmptyError(),
      () => this.#drop(),
    );
    if (!pending.isOver) this.#gets.push({ isNowait, pending });
    // Others may be waiting.
    if (isNowait) this.#items.wake();
    void this.#run();
    return pending.promise;
  }

  /** @returns false for what was not handed out here, or is done with */
  ack(item: unknown): boolean {
    if (this.#options.rules.delivery !== 'at-least-once') return false;
    const held = this.#held.find((each) => Object.is(each.item, item));
    if (held === undefined) return false;
    this.#isExplicit = true;
    this.#finish(held);
    return true;
  }

  /** The oldest one is done with, and Redis knows. @returns false when there is none */
  async ackOldest(): Promise<boolean> {
    const [oldest] = this.#held;
    if (oldest === undefined) return false;
    this.#isExplicit = true;
    await this.#finish(oldest);
    return true;
  }

  fail(error: unknown): void {
    for (const { pending } of this.#gets.splice(0)) pending.reject(error);
    this.#held = [];
    clearInterval(this.#renewal);
    this.#renewal = undefined;
    this.#items.wake();
    this.#onChange();
  }

  #drop(): void {
    this.#gets = this.#gets.filter(({ pending }) => !pending.isOver);
    this.#items.wake();
    this.#onChange();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#onChange();
    // If that fails, all are rejected.
    await this.#link.ready.catch(() => {});
    while (this.#gets.length > 0) {
      const seen = this.#items.count;
      try {
        if (!(await this.#takeOne()) && this.#gets.length > 0) await this.#items.after(seen);
      } catch (error) {
        const why = new RemoteError('ERR_REMOTE', this.#link.redacted(`cannot be taken: ${(error as Error).message}`));
        this.#gets.shift()?.pending.reject(why);
      }
    }
    this.#isRunning = false;
    this.#onChange();
  }

  /** @returns false when there is nothing to take */
  async #takeOne(): Promise<boolean> {
    const asked = [...this.#gets];
    const askedAt = performance.now();
    let job = await this.#next();
    let isClosed = false;
    if (job === undefined) {
      isClosed = (await this.#link.redis.exists(itemKeys(this.#options.name).closed)) === 1;
      // What was put before it was closed is there now.
      if (isClosed) job = await this.#next();
    }
    if (job !== undefined) {
      // Of a consumer that was lost: BullMQ says so of one that was held on to more often than it may.
      if (job.deferredFailure === undefined || !this.#link.isLossy) await this.#hand(job, askedAt);
      else if (await this.#complete(job)) await this.#link.tellLost();
      return true;
    }
    const isOver = isClosed && (await this.#isDrained());
    if (isOver) await this.#link.redis.eval(forgetClosedWhenEmpty(this.#options.name), 0);
    for (const { isNowait, pending } of asked) {
      if (isOver) pending.reject(new QueueClosedError());
      else if (isNowait) pending.reject(new QueueEmptyError());
    }
    this.#gets = this.#gets.filter(({ pending }) => !pending.isOver);
    // Consumers may have died, and this may be the only one that is left.
    if (this.#gets.length > 0) await this.#link.reclaim();
    return false;
  }

  async #next(): Promise<Job | undefined> {
    return (await this.#link.worker.getNextJob(this.#token, { block: false })) as Job | undefined;
  }

  /** Nothing will come any more: neither is anything left, nor can somebody give back what he has. */
  async #isDrained(): Promise<boolean> {
    if (this.#link.isLossy) return true;
    return (await this.#link.queue.getActiveCount()) <= this.#held.length;
  }

  /** @param askedAt before it was taken, on the monotonic clock */
  async #hand(job: Job, askedAt: number): Promise<void> {
    // From here on, whoever gets it cannot give up any more; he who has is passed over.
    const get = this.#gets.find(({ pending }) => !pending.isOver);
    if (get === undefined) {
      await job.moveToWait(this.#token).catch(() => {}); // its lock will expire, and somebody else gets it
      return;
    }
    get.pending.hold();
    if (!this.#isHeldOn && !(await this.#complete(job, askedAt))) {
      // Its lock was lost, so it is somebody else's, or was.
      get.pending.release();
      return;
    }
    this.#gets = this.#gets.filter((each) => each !== get);
    let item: unknown;
    try {
      item = itemOf(job.data, this.#options.restore);
    } catch (error) {
      get.pending.reject(error);
      if (this.#isHeldOn) await this.#complete(job);
      return;
    }
    if (this.#isHeldOn) this.#hold({ job, item });
    get.pending.resolve(item);
  }

  #hold(held: Held): void {
    this.#held.push(held);
    this.#renewal ??= setInterval(() => this.#renew(), this.#options.lockMs / 3).unref();
  }

  #renew(): void {
    const { lockMs } = this.#options;
    for (const held of this.#held) {
      held.job.extendLock(this.#token, lockMs).then(
        (extended) => {
          if (extended === 0) this.#forget(held);
        },
        () => {}, // cut off
      );
    }
  }

  #forget(held: Held): void {
    this.#held = this.#held.filter((each) => each !== held);
    if (this.#held.length > 0) return;
    clearInterval(this.#renewal);
    this.#renewal = undefined;
  }

  #finish(held: Held): Promise<unknown> {
    this.#forget(held);
    const done: Promise<unknown> = this.#complete(held.job)
      .catch(() => {}) // its lock will expire, and somebody else gets it
      .finally(() => {
        this.#open.delete(done);
        this.#onChange();
      });
    this.#open.add(done);
    this.#onChange();
    return done;
  }

  /**
   * @param askedAt before it was taken; undefined: whoever has completed it, it is done with
   * @returns false when it is this process's no more
   */
  async #complete(job: Job, askedAt = performance.now()): Promise<boolean> {
    try {
      await job.moveToCompleted(null, this.#token, false);
      return true;
    } catch (error) {
      // Said once more after a lost connection: then there is no such job any more. Without a lock another one may have completed it.
      if (isGone(error)) return performance.now() - askedAt < this.#options.lockMs;
      if (/lock/i.test(String((error as Error).message)) || /not in the active state/.test(String(error))) return false;
      throw error;
    }
  }
}
