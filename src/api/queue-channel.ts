import { ProcctlError, QueueClosedError, TimeoutError } from '../errors.ts';
import type { FromHost } from '../protocol/broker/messages.ts';
import { ValueReader } from '../protocol/values/codec.ts';
import type { HandleDescription } from '../protocol/values/handle.ts';
import { Calls } from '../runtime/broker/calls.ts';
import { host } from '../runtime/broker/host.ts';
import { HostedQueue } from '../runtime/broker/hosted-queue.ts';
import { Inbox } from '../runtime/broker/inbox.ts';
import type { WaitLimits } from '../runtime/broker/limits.ts';
import type { Receiver } from '../runtime/broker/link.ts';
import { Outbox } from '../runtime/broker/outbox.ts';
import { endResult, itemResult, type QueueBackend } from './queue-backend.ts';
import type { ParsedQueueOptions } from './queue-options.ts';
import { type Address, addressHere, describe, restoreHandle } from './shared-objects.ts';

const hostGone = (): QueueClosedError => new QueueClosedError('the process that hosts the queue has ended');

const readerOf = (bytes: Buffer): ValueReader => new ValueReader(bytes, restoreHandle);

/** A queue as one process has it: what it puts, what it gets, what it asks. */
export class Channel implements Receiver, QueueBackend {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly address: Address;
  readonly #calls: Calls;

  /** @param address where it is; left out, this process hosts a new one */
  constructor(
    readonly options: ParsedQueueOptions,
    address?: Address,
  ) {
    this.address = address ?? addressHere(new HostedQueue(host, options).id);
    const { link, id } = this.address;
    const isBounded = Number.isFinite(options.maxSize);
    const isLeased = options.delivery === 'at-least-once';
    this.#calls = new Calls(link, id);
    this.outbox = new Outbox(link, id, isBounded || isLeased);
    this.inbox = new Inbox(link, id, link.open(id, this), {
      readerOf,
      isLeased,
      maxLost: options.maxLost,
      isBounded,
      onWait: () => this.outbox.flush(),
    });
    if (link.isLost) this.lost();
  }

  receive(message: FromHost): void {
    switch (message.tag) {
      case 'deliver':
        this.inbox.receive(message.first, message.count, message.bytes);
        break;
      case 'accepted':
        this.outbox.accepted(message.last);
        break;
      case 'refused':
        this.outbox.refused(message.put);
        break;
      case 'recall':
        this.inbox.recall();
        break;
      case 'nothing':
        this.inbox.nothing(message.polls);
        break;
      case 'closed':
        this.outbox.close();
        this.address.link.send({ tag: 'noMorePuts', object: this.address.id });
        break;
      case 'ended':
        this.inbox.end();
        break;
      case 'reply':
        this.#calls.reply(message.call, message.text);
        break;
    }
  }

  lost(): void {
    this.outbox.close(hostGone);
    this.inbox.end(hostGone);
    this.#calls.rejectAll(hostGone);
  }

  flush(): void {
    this.outbox.flush();
    this.inbox.flush();
  }

  /** What was put before is on its way first. */
  call(method: string, params?: unknown, limits?: WaitLimits): Promise<unknown> {
    this.flush();
    return this.#calls.call(method, params, hostGone as () => ProcctlError, limits);
  }

  put(item: unknown, limits: WaitLimits, isNowait: boolean): Promise<void> {
    return this.outbox.put(item, limits, isNowait);
  }

  get(limits: WaitLimits, isNowait: boolean): Promise<unknown> {
    return this.inbox.get(limits, isNowait);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    // Not a generator, and nothing that is asked before it is needed: it would cost as much as all the rest of a get.
    if (this.inbox.isReady) return this.inbox.takeNext();
    return this.inbox.get({}, false).then(itemResult, endResult);
  }

  ack(item: unknown): boolean {
    return this.inbox.ack(item);
  }

  async taskDone(): Promise<boolean> {
    this.inbox.ackOldest();
    return (await this.call('taskDone')) === true;
  }

  async size(): Promise<number> {
    return Number(await this.call('size'));
  }

  async isFull(): Promise<boolean> {
    return (await this.call('isFull')) === true;
  }

  async remove(): Promise<void> {
    throw new ProcctlError('ERR_STATE', 'a queue of a process goes when that ends', {
      hint: 'only a queue in Redis, made with on, has to be removed',
    });
  }

  describe(object: object): HandleDescription {
    const { maxSize, delivery, maxLost, isJoinable } = this.options;
    const kind = isJoinable ? 'JoinableQueue' : 'Queue';
    // JSON knows no Infinity.
    const room = Number.isFinite(maxSize) ? maxSize : 0;
    return describe(object, this.address, kind, { maxSize: room, delivery, maxLost });
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.outbox.close();
    await this.call('close').catch(() => {});
  }

  /** @throws TimeoutError, WorkerLostError, QueueClosedError */
  async join(limits: WaitLimits): Promise<void> {
    if ((await this.call('join', undefined, limits)) === true) return;
    throw new TimeoutError(`the items of the queue were not done within ${limits.timeoutMs} ms`);
  }
}
