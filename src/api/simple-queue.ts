import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { Channel } from './queue-channel.ts';
import { parseQueueOptions } from './queue-options.ts';
import { type Address, describe, registerKind } from './shared-objects.ts';

const RULES = parseQueueOptions({}, false);

/** A queue with the least there can be: Python's `multiprocessing.SimpleQueue`. */
export class SimpleQueue<T = unknown> {
  readonly #channel: Channel;

  /** @internal */
  constructor(restoredAt?: Address) {
    this.#channel = new Channel(RULES, restoredAt);
  }

  /** @throws SerializationError, QueueClosedError */
  put(item: T): Promise<void> {
    return this.#channel.outbox.put(item, {}, false);
  }

  /** @throws QueueClosedError when it is closed and nothing is left */
  get(): Promise<T> {
    return this.#channel.inbox.get({}, false) as Promise<T>;
  }

  async empty(): Promise<boolean> {
    return (await this.#channel.call('size')) === 0;
  }

  /** No process can put any more; what is in the queue can still be taken. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    return describe(this, this.#channel.address, 'SimpleQueue', {});
  }
}

registerKind('SimpleQueue', (address) => new SimpleQueue(address));
