import { externalsOf, parseBatch } from '../../core/queue/batch.ts';
import type { QueueRules } from '../../core/queue/events.ts';
import { QueueMachine } from '../../core/queue/machine.ts';
import type { ToHost } from '../../protocol/broker/messages.ts';
import { encodeError } from './calls.ts';
import type { Host, Hosted, Peer } from './host.ts';

/** How long a closed queue waits for a process that has not said that it puts no more, ms. */
const CLOSING_MS = 1_000;
/** A peer that stands for connections that are not accepted yet. */
const NOT_YET_CONNECTED = -1;

interface Opened {
  readonly peer: Peer;
  readonly slot: number;
}

/** A queue in the process that hosts it: carries out what its machine decides. */
export class HostedQueue implements Hosted {
  readonly id: number;
  readonly #host: Host;
  readonly #machine: QueueMachine;
  readonly #opened = new Map<number, Opened>();

  constructor(host: Host, rules: QueueRules) {
    this.#host = host;
    this.id = host.add(this);
    this.#machine = new QueueMachine(rules, (id) => {
      const { peer, slot } = this.#opened.get(id) as Opened;
      // Without a place to write it down, a consumer is sent only what it has asked for.
      return peer.claimsOf(slot) ?? { taken: Number.MAX_SAFE_INTEGER, acked: 0 };
    });
  }

  open(peer: Peer, slot: number): void {
    if (this.#opened.has(peer.id)) throw new RangeError('opened twice');
    this.#opened.set(peer.id, { peer, slot });
    this.#machine.open(peer.id);
    this.#act();
  }

  receive(peer: Peer, message: ToHost): void {
    this.#decide(peer.id, message);
    this.#act();
    if (message.tag === 'want' && message.polls > 0) {
      this.#host.settled(() => {
        this.#machine.answerPolls();
        this.#act();
      });
    }
  }

  call(peer: Peer, call: number, method: string): void {
    const reply = (value: unknown): void => peer.send({ tag: 'reply', object: this.id, call, text: { value } });
    if (!this.#opened.has(peer.id)) throw new RangeError('called before it was opened');
    if (method === 'size') this.#host.settled(() => reply(this.#machine.size()));
    else if (method === 'isFull') this.#host.settled(() => reply(this.#machine.isFull()));
    else if (method === 'taskDone') reply(this.#machine.taskDone(peer.id));
    else if (method === 'join') this.#host.settled(() => this.#join(peer, call));
    else if (method === 'close') this.close(() => reply(null));
    else throw new RangeError(`a queue has no ${method}`);
    this.#act();
  }

  cancel(peer: Peer, call: number): void {
    if (this.#machine.cancelJoin(peer.id, call)) {
      peer.send({ tag: 'reply', object: this.id, call, text: { value: false } });
    }
  }

  gone(peer: Peer): void {
    if (!this.#opened.has(peer.id)) return;
    this.#machine.gone(peer.id, peer.pid);
    this.#opened.delete(peer.id);
    this.#act();
  }

  /** @param then called when what others had sent before has been read */
  close(then: () => void = () => {}): void {
    this.#machine.close(NOT_YET_CONNECTED);
    this.#act();
    this.#host.settled(() => {
      this.#machine.noMorePuts(NOT_YET_CONNECTED);
      this.#act();
      then();
    });
    setTimeout(() => {
      this.#machine.noMorePuts();
      this.#act();
    }, CLOSING_MS).unref();
  }

  #join(peer: Peer, call: number): void {
    if (!this.#opened.has(peer.id)) return;
    this.#machine.join(peer.id, call);
    this.#act();
  }

  #decide(id: number, message: ToHost): void {
    switch (message.tag) {
      case 'put': {
        const batch = parseBatch(message.bytes, message.count);
        if (batch === undefined) throw new RangeError('a batch that is none');
        for (const reference of externalsOf(batch)) this.#host.keepLarge(reference);
        this.#machine.put(id, batch, message.last, message.isNowait === 1);
        break;
      }
      case 'want':
        this.#machine.want(id, message);
        break;
      case 'giveBack':
        this.#machine.giveBack(id, message.from, message.until);
        break;
      case 'withdraw':
        this.#machine.withdraw(id, message.put);
        break;
      case 'ack':
        this.#machine.ack(id, message.number);
        break;
      case 'noMorePuts':
        this.#machine.noMorePuts(id);
        break;
      default:
        throw new RangeError(`a queue knows no ${message.tag}`);
    }
  }

  #act(): void {
    const released: Buffer[] = [];
    for (const effect of this.#machine.takeEffects()) {
      if (effect.tag === 'wake') {
        setTimeout(() => {
          this.#machine.wake();
          this.#act();
        }, effect.inMs).unref();
        continue;
      }
      if (effect.tag === 'release') {
        released.push(...externalsOf(effect.batch));
        continue;
      }
      const peer = this.#opened.get(effect.peer)?.peer;
      if (peer === undefined) continue;
      const object = this.id;
      if (effect.tag === 'deliver') {
        const { first, batch } = effect;
        peer.send({ tag: 'deliver', object, first, count: batch.count, bytes: batch.bytes });
      } else if (effect.tag === 'joined') {
        const { call, error } = effect;
        const text = error === undefined ? { value: true } : { error: encodeError(error) };
        peer.send({ tag: 'reply', object, call, text });
      } else {
        peer.send({ ...effect, object });
      }
    }
    if (released.length > 0) this.#host.freeLarge(released);
  }
}
