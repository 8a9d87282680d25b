import { QueueClosedError, QueueEmptyError, TimeoutError } from '../errors.ts';
import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { host } from '../runtime/broker/host.ts';
import { HostedEnd } from '../runtime/broker/hosted-end.ts';
import { HostedQueue } from '../runtime/broker/hosted-queue.ts';
import { parseTimeoutMs, type WaitOptions } from './options.ts';
import { Channel } from './queue-channel.ts';
import { parseQueueOptions } from './queue-options.ts';
import { SharedObject } from './shared-object.ts';
import { type Address, addressHere, describe, registerKind } from './shared-objects.ts';

const RULES = parseQueueOptions({}, false);

const endClosed = (): QueueClosedError => new QueueClosedError('the other end of the pipe is closed');

/** A process may have both ends, and each queue of a pipe once. */
const channels = new Map<string, Channel>();

const channelAt = (address: Address): Channel => {
  const key = `${address.directory} ${address.id}`;
  const channel = channels.get(key) ?? new Channel(RULES, address);
  channels.set(key, channel);
  return channel;
};

/** The addresses of an end: of itself, and of the queues it reads from and writes to. */
interface End {
  readonly end: Address;
  readonly incoming: Address;
  readonly outgoing: Address;
}

/**
 * One end of a pipe: Python's `multiprocessing.connection.Connection`. An end is for one process: several that receive at the same
 * end share what comes.
 */
export class Connection<T = unknown> {
  readonly #end: SharedObject;
  readonly #incoming: Channel;
  readonly #outgoing: Channel;
  #isUsed = false;
  #isClosed = false;
  /** What `poll` has found. */
  #found: { readonly value: T } | undefined;

  /** @internal */
  constructor({ end, incoming, outgoing }: End) {
    this.#end = new SharedObject(end);
    this.#incoming = channelAt(incoming);
    this.#outgoing = channelAt(outgoing);
    if (end.directory !== undefined) this.#use();
  }

  /**
   * Resolves when it is on its way.
   *
   * @throws SerializationError
   * @throws QueueClosedError when an end is closed
   */
  send(value: T): Promise<void> {
    this.#use();
    return this.#outgoing.outbox.put(value, {}, false).catch(asEnd);
  }

  /**
   * @throws QueueClosedError when the other end is closed, or its last user has died, and nothing is left to receive
   * @throws TimeoutError
   */
  async recv(options: WaitOptions = {}): Promise<T> {
    this.#use();
    const found = this.#found;
    this.#found = undefined;
    if (found !== undefined) return found.value;
    const { signal } = options;
    const timeoutMs = parseTimeoutMs(options.timeoutMs);
    try {
      return (await this.#incoming.inbox.get({ timeoutMs, signal }, timeoutMs === 0)) as T;
    } catch (error) {
      if (error instanceof QueueEmptyError) throw new TimeoutError(`nothing came within ${timeoutMs} ms`);
      return asEnd(error);
    }
  }

  /** Whether there is something to receive; waits for it that long, by default not at all. */
  async poll({ timeoutMs = 0, signal }: WaitOptions = {}): Promise<boolean> {
    if (this.#found !== undefined) return true;
    try {
      this.#found = { value: await this.recv({ timeoutMs, signal }) };
      return true;
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    }
  }

  /** This process is done with the end; when all are, the other end learns of it. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outgoing.flush();
    const closed = this.#end.call('close').catch(() => {});
    this.#incoming.inbox.end(() => new QueueClosedError('this end of the pipe is closed'));
    this.#outgoing.outbox.close(() => new QueueClosedError('this end of the pipe is closed'));
    await closed;
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    const more = { incoming: this.#incoming.address.id, outgoing: this.#outgoing.address.id };
    return describe(this, this.#end.address, 'Connection', more);
  }

  #use(): void {
    if (this.#isUsed || this.#isClosed) return;
    this.#isUsed = true;
    void this.#end.call('use').catch(() => {});
  }
}

/** @throws the error of the queue, in the words of a pipe */
const asEnd = (error: unknown): never => {
  throw error instanceof QueueClosedError && error.message === new QueueClosedError().message ? endClosed() : error;
};

/** Two ends; what is sent into one is received at the other: Python's `multiprocessing.Pipe`. */
export const Pipe = <T = unknown>(): readonly [Connection<T>, Connection<T>] => {
  const queues = [new HostedQueue(host, RULES), new HostedQueue(host, RULES)] as const;
  const abandon = (): void => {
    for (const queue of queues) queue.close();
  };
  const [there, back] = queues.map(({ id }) => addressHere(id)) as [Address, Address];
  const end = (): Address => addressHere(new HostedEnd(host, abandon).id);
  return [
    new Connection<T>({ end: end(), incoming: back, outgoing: there }),
    new Connection<T>({ end: end(), incoming: there, outgoing: back }),
  ];
};

registerKind('Connection', (end, { incoming, outgoing }) => {
  return new Connection({
    end,
    incoming: { ...end, id: Number(incoming) },
    outgoing: { ...end, id: Number(outgoing) },
  });
});
