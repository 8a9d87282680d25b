import { ProcctlError, QueueClosedError, RemoteError, TimeoutError, WorkerLostError } from '../../../errors.ts';
import { closeScript } from '../../../protocol/remote/closed-script.ts';
import type { RestoreHandle } from '../../../protocol/values/handle.ts';
import type { WaitLimits } from '../../broker/limits.ts';
import { Getter } from './getter.ts';
import { Pending } from './pending.ts';
import { Putter } from './putter.ts';
import { CLOSED_EVENT, LOST_EVENT, QueueLink, type QueueLinkOptions } from './queue-link.ts';
import { Wakes } from './wakes.ts';

/** At the latest it is looked again, though no event has come. */
const LOOK_MS = 1_000;

const NOTHING = { pid: 0, exitCode: null, signal: null, stderrTail: '' };

/** A queue in Redis, as one process has it while it is connected. */
export class RemoteQueue {
  readonly #link: QueueLink;
  readonly #options: QueueLinkOptions;
  readonly #room = new Wakes(LOOK_MS);
  readonly #items = new Wakes(LOOK_MS);
  readonly #done = new Wakes(LOOK_MS);
  readonly #putter: Putter;
  readonly #getter: Getter;
  #joins: Pending<void>[] = [];
  /** What is asked and not answered: each can be rejected. */
  readonly #calls = new Set<(error: unknown) => void>();
  #isJoining = false;
  #isOver = false;
  readonly #onOver: () => void;

  /**
   * @param onOver it can be forgotten: it is lost, or cut off while nobody waits; the next who asks makes another
   * @throws ProcctlError ERR_REDIS when bullmq or ioredis is not installed
   */
  constructor(options: QueueLinkOptions, restore: RestoreHandle, onOver: () => void) {
    this.#options = options;
    this.#link = new QueueLink(options, {
      onEvent: (event) => this.#hear(event),
      onDown: () => this.#update(),
      onLost: (error) => this.#fail(error),
    });
    this.#onOver = onOver;
    // Others do not agree to the rules: who asks again may find another queue.
    this.#link.ready.catch((error) => this.#fail(this.#own(error)));
    const onChange = (): void => this.#update();
    this.#putter = new Putter(this.#link, this.#room, onChange);
    const { name, rules, lockMs } = options;
    this.#getter = new Getter(this.#link, { name, rules, lockMs, restore }, this.#items, onChange);
  }

  /** It answers nothing more; another one does. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param data of the job */
  put(data: unknown, limits: WaitLimits, isNowait: boolean): Promise<void> {
    return this.#putter.put(data, limits, isNowait);
  }

  get(limits: WaitLimits, isNowait: boolean): Promise<unknown> {
    return this.#getter.get(limits, isNowait);
  }

  ack(item: unknown): boolean {
    return this.#getter.ack(item);
  }

  taskDone(): Promise<boolean> {
    return this.#ready(() => this.#getter.ackOldest());
  }

  size(): Promise<number> {
    return this.#ready(() => this.#count('wait', 'prioritized'));
  }

  join(limits: WaitLimits): Promise<void> {
    const late = (): unknown => new TimeoutError(`the items of the queue were not done within ${limits.timeoutMs} ms`);
    const pending = new Pending<void>(limits, late, () => {
      this.#joins = this.#joins.filter(({ isOver }) => !isOver);
      this.#done.wake();
    });
    if (!pending.isOver) this.#joins.push(pending);
    void this.#watchJoins();
    return pending.promise;
  }

  close(): Promise<void> {
    return this.#ready(async () => {
      // What was put before is in the queue first.
      await this.#putter.settled();
      await this.#link.redis.eval(closeScript(this.#options.name, CLOSED_EVENT), 0);
    });
  }

  /** Of one that is `isForRemoval`. */
  async remove(): Promise<void> {
    try {
      await this.#ready(async () => {
        await this.#link.queue.obliterate({ force: true });
        await this.#link.removeKeys();
      });
    } finally {
      // It has nothing else to do, and would stay connected.
      this.removed();
    }
  }

  /** It has been removed: what is asked of it is rejected. */
  removed(): void {
    this.#fail(new QueueClosedError('the queue was removed'));
  }

  get #isIdle(): boolean {
    return this.#calls.size === 0 && this.#joins.length === 0 && !this.#putter.isBusy && !this.#getter.isBusy;
  }

  /** Does it once all agree on the rules; rejects when Redis is lost meanwhile. */
  #ready<T>(action: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#calls.delete(reject);
        this.#update();
      };
      this.#calls.add(reject);
      this.#update();
      const fail = (error: unknown): void => reject(this.#own(error));
      this.#link.ready.then(action).then(resolve, fail).then(over);
    });
  }

  /** What Redis, or the connection, says is told as an error of procctl, without what was sent. */
  #own(error: unknown): unknown {
    if (error instanceof ProcctlError) return error;
    return new RemoteError('ERR_REMOTE', this.#link.redacted(`the queue cannot be used: ${(error as Error).message}`));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#leave();
    for (const reject of this.#calls) reject(error);
    for (const pending of this.#joins.splice(0)) pending.reject(error);
    this.#putter.fail(error);
    this.#getter.fail(error);
    this.#done.wake();
  }

  #leave(): void {
    this.#isOver = true;
    this.#onOver();
    void this.#link.close();
  }

  #update(): void {
    if (this.#isOver) return;
    this.#link.setRef(!this.#isIdle);
    // One that is cut off would try to get back, and keep the program for that.
    if (!this.#isIdle || this.#getter.isHolding || this.#link.isUp) return;
    this.#leave();
  }

  #hear(event: string): void {
    // One that was taken leaves room; one that waits can be taken.
    if (event === 'active' || event === 'removed') this.#room.wake();
    if (event === 'waiting' || event === 'added' || event === 'completed') this.#items.wake();
    if (event === 'completed' || event === 'removed') this.#done.wake();
    if (event === CLOSED_EVENT) {
      this.#items.wake();
      this.#room.wake();
    }
    if (event === LOST_EVENT) this.#onLostItem();
  }

  /** A consumer has died with an item taken and not done; at most once, nobody gets it any more. */
  #onLostItem(): void {
    this.#done.wake();
    const hint = "with delivery: 'at-least-once' another consumer gets them";
    for (const pending of this.#joins.splice(0)) {
      pending.reject(
        new WorkerLostError('a process ended with items of the queue taken and not done', NOTHING, { hint }),
      );
    }
  }

  async #watchJoins(): Promise<void> {
    if (this.#isJoining) return;
    this.#isJoining = true;
    this.#update();
    await this.#link.ready.catch(() => {});
    while (this.#joins.length > 0) {
      const seen = this.#done.count;
      try {
        const left = await this.#count('wait', 'prioritized', 'active', 'delayed');
        if (left === 0) for (const pending of this.#joins.splice(0)) pending.resolve();
        // Nobody else may be there who would notice a lost consumer.
        else await this.#link.reclaim();
      } catch {
        // Cut off: it is asked again.
      }
      if (this.#joins.length > 0) await this.#done.after(seen);
    }
    this.#isJoining = false;
    this.#update();
  }

  async #count(...states: ('wait' | 'prioritized' | 'active' | 'delayed')[]): Promise<number> {
    const counts = await this.#link.queue.getJobCounts(...states);
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }
}
