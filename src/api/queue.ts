import type { Delivery } from '../core/queue/events.ts';
import { ProcctlError } from '../errors.ts';
import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { parseTimeoutMs, type WaitOptions } from './options.ts';
import { Channel } from './queue-channel.ts';
import { type ParsedQueueOptions, parseQueueOptions, type QueueOptions } from './queue-options.ts';
import { type Address, describe, registerKind } from './shared-objects.ts';

/** @internal How an object that another process hosts is made here. */
export interface Restored {
  readonly restored: { readonly address: Address; readonly options: ParsedQueueOptions };
}

const isRestored = (options: object): options is Restored => 'restored' in options;

const itemResult = <T>(value: T): IteratorResult<T> => ({ value, done: false });

/** @throws the error, unless it is that of a closed queue */
const endResult = (error: unknown): IteratorResult<never> => {
  if (error instanceof ProcctlError && error.code === 'ERR_QUEUE_CLOSED') return { value: undefined, done: true };
  throw error;
};

const NO_LIMITS: WaitOptions = {};

const limitsOf = (options: WaitOptions): WaitOptions =>
  options === NO_LIMITS ? options : { timeoutMs: parseTimeoutMs(options.timeoutMs), signal: options.signal };

/**
 * A queue that processes share: Python's `multiprocessing.Queue`. Passed to another process, in `args` or `kwargs`, or through
 * another queue or pool, it is the same queue there. The process that made it hosts it: when that ends, the queue is closed.
 *
 * @typeParam T what it holds; copied on its way (see docs/values.md)
 */
export class Queue<T = unknown> implements AsyncIterable<T> {
  protected readonly channel: Channel;

  /** @throws ProcctlError ERR_OPTION */
  constructor(options: QueueOptions = {}) {
    this.channel = isRestored(options)
      ? new Channel(options.restored.options, options.restored.address)
      : new Channel(parseQueueOptions(options, new.target.isJoinable));
  }

  /** @internal */
  static readonly isJoinable: boolean = false;

  /** How many items there may be; Infinity for any number. */
  get maxSize(): number {
    return this.channel.options.maxSize;
  }

  get delivery(): Delivery {
    return this.channel.options.delivery;
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
    return this.channel.outbox.put(item, limits, limits.timeoutMs === 0);
  }

  /** As `put`, but without waiting for room. @throws QueueFullError */
  putNowait(item: T): Promise<void> {
    return this.channel.outbox.put(item, {}, true);
  }

  /**
   * Takes the item at the front; waits for one if need be.
   *
   * @throws QueueEmptyError when none came in the time given
   * @throws QueueClosedError when the queue is closed and nothing is left
   */
  get(options: WaitOptions = NO_LIMITS): Promise<T> {
    const limits = limitsOf(options);
    return this.channel.inbox.get(limits, limits.timeoutMs === 0) as Promise<T>;
  }

  /** As `get`, but without waiting for an item. @throws QueueEmptyError */
  getNowait(): Promise<T> {
    return this.channel.inbox.get({}, true) as Promise<T>;
  }

  /**
   * Says that an item that was handed out here is done with. Only with `delivery: 'at-least-once'`; from then on `get` does
   * not say it any more for what came before.
   *
   * @throws ProcctlError ERR_STATE when it is none, or done with already
   */
  ack(item: T): void {
    if (this.channel.inbox.ack(item)) return;
    throw new ProcctlError('ERR_STATE', 'this item was not handed out here, or is acknowledged already', {
      hint: "only items of a queue with delivery: 'at-least-once' are acknowledged",
    });
  }

  /** How many items nobody has taken yet: exact, at one moment. */
  async size(): Promise<number> {
    return Number(await this.channel.call('size'));
  }

  async empty(): Promise<boolean> {
    return (await this.size()) === 0;
  }

  async full(): Promise<boolean> {
    return (await this.channel.call('isFull')) === true;
  }

  /**
   * No process can put any more; what is in the queue can still be taken. Resolves when the host knows; never rejects.
   */
  close(): Promise<void> {
    return this.channel.close();
  }

  /** The items one after the other, until the queue is closed and nothing is left. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const { inbox } = this.channel;
    return {
      // Not a generator: it would cost as much as all the rest of a get.
      next: () => {
        if (inbox.isReady) return inbox.takeNext() as Promise<IteratorResult<T>>;
        return inbox.get({}, false).then(itemResult, endResult) as Promise<IteratorResult<T>>;
      },
      return: async () => ({ value: undefined, done: true }),
    };
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    const { maxSize, delivery, isJoinable } = this.channel.options;
    const kind = isJoinable ? 'JoinableQueue' : 'Queue';
    // JSON knows no Infinity.
    return describe(this, this.channel.address, kind, { maxSize: Number.isFinite(maxSize) ? maxSize : 0, delivery });
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
    this.channel.inbox.ackOldest();
    if ((await this.channel.call('taskDone')) === true) return;
    throw new ProcctlError('ERR_STATE', 'taskDone was called more often than there were items');
  }

  /**
   * Resolves when `taskDone` has been called for every item that was put.
   *
   * @throws WorkerLostError when a process died with items taken and not done, and they are lost (`at-most-once`)
   * @throws TimeoutError
   */
  async join(options: WaitOptions = NO_LIMITS): Promise<void> {
    await this.channel.join(limitsOf(options));
  }
}

const restoredOptions = ({ maxSize, delivery }: HandleDescription, isJoinable: boolean): ParsedQueueOptions => ({
  maxSize: Number(maxSize) || Number.POSITIVE_INFINITY,
  delivery: delivery as Delivery,
  isJoinable,
});

const restoreWith =
  (Kind: new (options: QueueOptions) => Queue, isJoinable: boolean) =>
  (address: Address, description: HandleDescription): object =>
    new Kind({ restored: { address, options: restoredOptions(description, isJoinable) } } as QueueOptions);

registerKind('Queue', restoreWith(Queue, false));
registerKind('JoinableQueue', restoreWith(JoinableQueue, true));
