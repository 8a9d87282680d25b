import type { Delivery } from '../core/queue/events.ts';
import { ProcctlError } from '../errors.ts';
import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { parseTimeoutMs, type WaitOptions } from './options.ts';
import type { QueueBackend } from './queue-backend.ts';
import { Channel } from './queue-channel.ts';
import {
  isRemoteQueue,
  type ParsedQueueOptions,
  parseQueueOptions,
  parseRemoteQueueOptions,
  type QueueOptions,
} from './queue-options.ts';
import { RemoteChannel } from './remote-channel.ts';
import { type Address, registerKind, registerRemoteKind } from './shared-objects.ts';

/** @internal How an object that another process hosts is made here. */
export interface Restored {
  readonly restored: { readonly address: Address; readonly options: ParsedQueueOptions };
}

const isRestored = (options: object): options is Restored => 'restored' in options;

const NO_LIMITS: WaitOptions = {};

const limitsOf = (options: WaitOptions): WaitOptions =>
  options === NO_LIMITS ? options : { timeoutMs: parseTimeoutMs(options.timeoutMs), signal: options.signal };

/**
 * A queue that processes share: Python's `multiprocessing.Queue`. Passed to another process, in `args` or `kwargs`, or through
 * another queue or pool, it is the same queue there. The process that made it hosts it: when that ends, the queue is closed.
 *
 * With `on` and `name` it is in Redis: the same queue for all processes, on any machine, that make one of this name (docs/queue.md).
 *
 * @typeParam T what it holds; copied on its way (see docs/values.md)
 */
export class Queue<T = unknown> implements AsyncIterable<T> {
  protected readonly backend: QueueBackend;

  /** @throws ProcctlError ERR_OPTION; TypeError for options that make no sense together */
  constructor(options: QueueOptions = {}) {
    if (isRestored(options)) this.backend = new Channel(options.restored.options, options.restored.address);
    else if (isRemoteQueue(options)) {
      this.backend = new RemoteChannel(parseRemoteQueueOptions(options, new.target.isJoinable));
    } else this.backend = new Channel(parseQueueOptions(options, new.target.isJoinable));
  }

  /** @internal */
  static readonly isJoinable: boolean = false;

  /** How many items there may be; Infinity for any number. */
  get maxSize(): number {
    return this.backend.options.maxSize;
  }

  get delivery(): Delivery {
    return this.backend.options.delivery;
  }

  /**
   * Puts an item at the end. Resolves when it is on its way (no `maxSize`, at most once), or else when it is in the queue.
   *
   * @throws SerializationError for what cannot cross; the queue is as before
   * @throws QueueFullError when there was no room in the time given
   * @throws QueueClosedError
   */
  put(item: T, options: WaitOptions = NO_LIMITS): Promise<void> {
    const limits = limitsOf(options);
    return this.backend.put(item, limits, limits.timeoutMs === 0);
  }

  /** As `put`, but without waiting for room. @throws QueueFullError */
  putNowait(item: T): Promise<void> {
    return this.backend.put(item, {}, true);
  }

  /**
   * Takes the item at the front; waits for one if need be.
   *
   * @throws QueueEmptyError when none came in the time given
   * @throws QueueClosedError when the queue is closed and nothing is left
   */
  get(options: WaitOptions = NO_LIMITS): Promise<T> {
    const limits = limitsOf(options);
    return this.backend.get(limits, limits.timeoutMs === 0) as Promise<T>;
  }

  /** As `get`, but without waiting for an item. @throws QueueEmptyError */
  getNowait(): Promise<T> {
    return this.backend.get({}, true) as Promise<T>;
  }

  /**
   * Says that an item that was handed out here is done with. Only with `delivery: 'at-least-once'`; from then on `get` does
   * not say it any more for what came before.
   *
   * @throws ProcctlError ERR_STATE when it is none, or done with already
   */
  ack(item: T): void {
    if (this.backend.ack(item)) return;
    throw new ProcctlError('ERR_STATE', 'this item was not handed out here, or is acknowledged already', {
      hint: "only items of a queue with delivery: 'at-least-once' are acknowledged",
    });
  }

  /** How many items nobody has taken yet: exact, at one moment; with `maxLost`, less what consumers have noted ahead. */
  size(): Promise<number> {
    return this.backend.size();
  }

  async empty(): Promise<boolean> {
    return (await this.size()) === 0;
  }

  full(): Promise<boolean> {
    return this.backend.isFull();
  }

  /**
   * No process can put any more; what is in the queue can still be taken. Resolves when the host knows; never rejects.
   */
  close(): Promise<void> {
    return this.backend.close();
  }

  /**
   * Removes a queue from Redis, with all that is in it: whoever uses the name from then on has a new one.
   *
   * @throws ProcctlError ERR_STATE for a queue of one machine, which goes with the process that made it
   */
  remove(): Promise<void> {
    return this.backend.remove();
  }

  /** The items one after the other, until the queue is closed and nothing is left. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const { backend } = this;
    return {
      next: () => backend.next() as Promise<IteratorResult<T, undefined>>,
      return: async () => ({ value: undefined, done: true }),
    };
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    return this.backend.describe(this);
  }
}

/** A Queue that counts what is done: Python's `multiprocessing.JoinableQueue`. */
export class JoinableQueue<T = unknown> extends Queue<T> {
  /** @internal */
  static override readonly isJoinable = true;

  /**
   * One of the items that were taken is done with. With `delivery: 'at-least-once'` the oldest one of this process is acknowledged.
   *
   * @throws ProcctlError ERR_STATE when it is called more often than there were items
   */
  async taskDone(): Promise<void> {
    if (await this.backend.taskDone()) return;
    throw new ProcctlError('ERR_STATE', 'taskDone was called more often than there were items');
  }

  /**
   * Resolves when `taskDone` has been called for every item that was put.
   *
   * @throws WorkerLostError when a process died with items taken and not done, and they are lost (`at-most-once`)
   * @throws TimeoutError
   */
  async join(options: WaitOptions = NO_LIMITS): Promise<void> {
    await this.backend.join(limitsOf(options));
  }
}

const restoredOptions = (
  { maxSize, delivery, maxLost }: HandleDescription,
  isJoinable: boolean,
): ParsedQueueOptions => ({
  maxSize: Number(maxSize) || Number.POSITIVE_INFINITY,
  delivery: delivery as Delivery,
  // A part of an item could not be noted.
  maxLost: Number.isSafeInteger(maxLost) ? Math.max(1, maxLost as number) : 1,
  isJoinable,
});

const restoreWith =
  (Kind: new (options: QueueOptions) => Queue, isJoinable: boolean) =>
  (address: Address, description: HandleDescription): object =>
    new Kind({ restored: { address, options: restoredOptions(description, isJoinable) } } as QueueOptions);

registerKind('Queue', restoreWith(Queue, false));
registerKind('JoinableQueue', restoreWith(JoinableQueue, true));

const restoreRemote =
  (Kind: new (options: QueueOptions) => Queue) =>
  ({ on, name, maxSize, delivery, lockMs, connectTimeoutMs }: HandleDescription): object =>
    // What comes from elsewhere is checked as any options are.
    new Kind({
      on,
      name,
      maxSize: maxSize === 0 ? undefined : maxSize,
      delivery,
      lockMs,
      connectTimeoutMs: connectTimeoutMs === 0 ? Number.POSITIVE_INFINITY : connectTimeoutMs,
    } as QueueOptions);

registerRemoteKind('RemoteQueue', restoreRemote(Queue));
registerRemoteKind('RemoteJoinableQueue', restoreRemote(JoinableQueue));
