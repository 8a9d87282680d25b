import { type ProcctlError, QueueClosedError, TimeoutError } from '../errors.ts';
import type { FromHost } from '../protocol/broker/messages.ts';
import { decodeValue } from '../protocol/values/codec.ts';
import { Calls } from '../runtime/broker/calls.ts';
import { host } from '../runtime/broker/host.ts';
import { HostedQueue } from '../runtime/broker/hosted-queue.ts';
import { Inbox } from '../runtime/broker/inbox.ts';
import type { WaitLimits } from '../runtime/broker/limits.ts';
import type { Receiver } from '../runtime/broker/link.ts';
import { Outbox } from '../runtime/broker/outbox.ts';
import type { ParsedQueueOptions } from './queue-options.ts';
import { type Address, addressHere, restoreHandle } from './shared-objects.ts';

const hostGone = (): QueueClosedError => new QueueClosedError('the process that hosts the queue has ended');

const decode = (bytes: Buffer): unknown => decodeValue(bytes, restoreHandle);

/** A queue as one process has it: what it puts, what it gets, what it asks. */
export class Channel implements Receiver {
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
      decode,
      isLeased,
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
