import type { Claims } from '../../core/queue/events.ts';
import type { FromHost, ToHost } from '../../protocol/broker/messages.ts';
import { decodePieces } from '../../protocol/broker/reference.ts';
import type { ClaimSlot } from './claims.ts';
import { type Host, host, LOCAL_PEER, makePeerName, type Peer } from './host.ts';
import { LargeItems } from './large-items.ts';
import type { Link, Receiver } from './link.ts';

/** From the process that hosts to itself: messages are handed over as they are. */
export class LocalLink implements Link, Peer {
  readonly id = LOCAL_PEER;
  readonly pid = process.pid;
  readonly isLost = false;
  readonly isEnding = false;
  readonly isCongested = false;
  readonly hasUnsent = false;
  readonly isKeeping = true;
  readonly #host: Host;
  readonly #receivers = new Map<number, Receiver>();
  readonly #claims: Claims[] = [];
  /** One thing at a time: an answer may lead to the next question. */
  #tasks: (() => void)[] = [];
  #isBusy = false;
  #largeItems: LargeItems | undefined;

  constructor(of: Host) {
    this.#host = of;
  }

  /** As soon as there may be others. */
  get largeItems(): LargeItems | undefined {
    const { directory } = this.#host;
    if (this.#largeItems !== undefined || directory === undefined) return this.#largeItems;
    const name = makePeerName();
    this.#host.attachLocal(this, name);
    this.#largeItems = new LargeItems(directory, name);
    return this.#largeItems;
  }

  /** To the host. */
  send(message: ToHost | FromHost): void {
    this.#tasks.push(() => this.#handle(message));
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
    } finally {
      this.#isBusy = false;
    }
  }

  #handle(message: ToHost | FromHost): void {
    if (isFromHost(message)) {
      if (message.tag === 'freed') this.#largeItems?.free(decodePieces(message.bytes));
      else this.#receivers.get(message.object)?.receive(message);
    } else {
      this.#host.receive(this, message);
    }
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  open(object: number, receiver: Receiver): ClaimSlot {
    this.#receivers.set(object, receiver);
    const slot = this.#claims.push({ taken: 0, acked: 0 }) - 1;
    this.send({ tag: 'open', object, slot });
    return {
      slot,
      write: (taken, acked) => {
        this.#claims[slot] = { taken, acked };
      },
    };
  }

  claimsOf(slot: number): Claims | undefined {
    return this.#claims[slot];
  }

  hold(): void {
    this.#host.hold();
  }

  release(): void {
    this.#host.release();
  }
}

const FROM_HOST: ReadonlySet<string> = new Set<FromHost['tag']>([
  'deliver',
  'accepted',
  'refused',
  'recall',
  'nothing',
  'closed',
  'ended',
  'freed',
  'reply',
]);

const isFromHost = (message: ToHost | FromHost): message is FromHost => FROM_HOST.has(message.tag);

export const localLink = new LocalLink(host);
