import { RemoteError } from '../errors.ts';
import { MAX_ITEM_BYTES } from '../protocol/remote/defaults.ts';
import { itemText } from '../protocol/remote/item.ts';
import type { HandleDescription } from '../protocol/values/handle.ts';
import type { WaitLimits } from '../runtime/broker/limits.ts';
import type { RemoteQueue } from '../runtime/remote/queue/remote-queue.ts';
import { endResult, itemResult, type QueueBackend } from './queue-backend.ts';
import type { ParsedQueueOptions, ParsedRemoteQueueOptions } from './queue-options.ts';
import { describeRemote, restoreHandle } from './shared-objects.ts';

/** A queue in Redis, as one process has it: connected when there is something to do. */
export class RemoteChannel implements QueueBackend {
  readonly #options: ParsedRemoteQueueOptions;
  #opening: Promise<RemoteQueue> | undefined;
  #queue: RemoteQueue | undefined;

  constructor(options: ParsedRemoteQueueOptions) {
    this.#options = options;
  }

  get options(): ParsedQueueOptions {
    return this.#options.rules;
  }

  async put(item: unknown, limits: WaitLimits, isNowait: boolean): Promise<void> {
    const text = itemText(item);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_ITEM_BYTES) {
      throw new RemoteError('ERR_JOB_SIZE', `the item has ${bytes} bytes as JSON, and ${MAX_ITEM_BYTES} can travel`);
    }
    limits.signal?.throwIfAborted();
    return this.#ask((queue) => queue.put(JSON.parse(text), limits, isNowait));
  }

  async get(limits: WaitLimits, isNowait: boolean): Promise<unknown> {
    limits.signal?.throwIfAborted();
    return this.#ask((queue) => queue.get(limits, isNowait));
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.get({}, false).then(itemResult, endResult);
  }

  ack(item: unknown): boolean {
    return this.#queue?.ack(item) ?? false;
  }

  async taskDone(): Promise<boolean> {
    return (await this.#queue?.taskDone()) ?? false;
  }

  size(): Promise<number> {
    return this.#ask((queue) => queue.size());
  }

  async isFull(): Promise<boolean> {
    return (await this.size()) >= this.options.maxSize;
  }

  async join(limits: WaitLimits): Promise<void> {
    limits.signal?.throwIfAborted();
    return this.#ask((queue) => queue.join(limits));
  }

  async close(): Promise<void> {
    await this.#ask((queue) => queue.close()).catch(() => {});
  }

  async remove(): Promise<void> {
    // A connection of its own, since that of this queue may be one of others who do not agree with those in Redis.
    const { RemoteQueue } = await import('../runtime/remote/queue/remote-queue.ts');
    await new RemoteQueue({ ...this.#options, isForRemoval: true }, restoreHandle, () => {}).remove();
    this.#queue?.removed();
  }

  /** The address and the name; never who asks, and with what password. */
  describe(object: object): HandleDescription {
    const { target, name, rules, lockMs, connectTimeoutMs } = this.#options;
    const { maxSize, delivery, isJoinable } = rules;
    return describeRemote(object, {
      kind: isJoinable ? 'RemoteJoinableQueue' : 'RemoteQueue',
      on: target.name,
      name,
      // JSON knows no Infinity.
      maxSize: Number.isFinite(maxSize) ? maxSize : 0,
      delivery,
      lockMs,
      connectTimeoutMs,
    });
  }

  async #ask<T>(action: (queue: RemoteQueue) => Promise<T>): Promise<T> {
    let queue = await this.#open();
    // Cut off, it goes with the last who waits, and that may be in the very same turn.
    while (queue.isOver) queue = await this.#open();
    return action(queue);
  }

  #open(): Promise<RemoteQueue> {
    this.#opening ??= this.#connect();
    return this.#opening;
  }

  async #connect(): Promise<RemoteQueue> {
    try {
      const { RemoteQueue } = await import('../runtime/remote/queue/remote-queue.ts');
      this.#queue = new RemoteQueue(this.#options, restoreHandle, () => this.#forget());
      return this.#queue;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** The next who asks is connected anew. */
  #forget(): void {
    this.#opening = undefined;
    this.#queue = undefined;
  }
}
