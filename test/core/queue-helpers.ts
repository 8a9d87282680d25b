import { type Batch, headOf, itemBounds } from '../../src/core/queue/batch.ts';
import type { QueueEffect, QueueRules } from '../../src/core/queue/events.ts';
import { QueueMachine } from '../../src/core/queue/machine.ts';

export const batchOf = (items: readonly string[]): Batch => {
  const parts = items.flatMap((item) => {
    const bytes = Buffer.from(item);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(headOf(bytes.length, false));
    return [head, bytes];
  });
  return { bytes: Buffer.concat(parts), count: items.length, hasExternal: false };
};

export const itemsOf = ({ bytes }: Batch): string[] => {
  const items: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, end } = itemBounds(bytes, at);
    items.push(bytes.toString('utf8', start, end));
    at = end;
  }
  return items;
};

interface Consumer {
  /** Sent and not handed out, with their numbers. */
  readonly buffer: { readonly number: number; readonly item: string }[];
  received: number;
  taken: number;
  /** What its host would find of that, were it dead. */
  noted: number;
  acked: number;
  getters: number;
  ended: boolean;
}

/** A queue with processes that behave: they put, take, die; it remembers who was handed what. */
export class QueueModel {
  readonly machine: QueueMachine;
  readonly consumers = new Map<number, Consumer>();
  readonly handed: { readonly peer: number; readonly item: string }[] = [];
  /** Puts by peer that wait for an answer. */
  readonly waitingPuts = new Map<number, Map<number, string>>();
  readonly accepted: string[] = [];
  readonly refused: string[] = [];
  readonly #lasts = new Map<number, number>();
  readonly #rules: QueueRules;
  closedFor = new Set<number>();
  recalls: number[] = [];
  mostSize = 0;
  /** Of each that has died: how many items it had noted and was not handed. */
  readonly lost: number[] = [];

  constructor(rules: Partial<QueueRules> = {}) {
    this.#rules = {
      maxSize: Number.POSITIVE_INFINITY,
      delivery: 'at-most-once',
      maxLost: 1,
      isJoinable: false,
      ...rules,
    };
    this.machine = new QueueMachine(this.#rules, (peer) => {
      const { noted, acked } = this.consumers.get(peer) as Consumer;
      return { taken: noted, acked };
    });
  }

  get isAcknowledged(): boolean {
    return Number.isFinite(this.#rules.maxSize) || this.#rules.delivery === 'at-least-once';
  }

  open(peer: number): void {
    if (this.consumers.has(peer)) return;
    this.consumers.set(peer, { buffer: [], received: 0, taken: 0, noted: 0, acked: 0, getters: 0, ended: false });
    this.machine.open(peer);
    this.act();
  }

  put(peer: number, items: readonly string[], isNowait = false): void {
    this.open(peer);
    if (this.closedFor.has(peer)) return;
    const last = (this.#lasts.get(peer) ?? 0) + items.length;
    this.#lasts.set(peer, last);
    const waiting = this.waitingPuts.get(peer) ?? new Map<number, string>();
    this.waitingPuts.set(peer, waiting);
    if (this.isAcknowledged) items.forEach((item, index) => void waiting.set(last - items.length + 1 + index, item));
    else this.accepted.push(...items);
    this.machine.put(peer, batchOf(items), last, isNowait);
    this.act();
  }

  withdrawOldest(peer: number): void {
    const put = this.waitingPuts.get(peer)?.keys().next().value;
    if (put !== undefined) this.machine.withdraw(peer, put);
    this.act();
  }

  /** One more waits; `ahead` more may be sent. */
  get(peer: number, ahead = 0, polls = 0): void {
    this.open(peer);
    const consumer = this.consumers.get(peer) as Consumer;
    if (this.#rules.delivery === 'at-least-once') consumer.acked = consumer.taken;
    consumer.getters += 1;
    this.#serve(peer, consumer);
    this.want(peer, ahead, polls);
  }

  want(peer: number, ahead = 0, polls = 0): void {
    const consumer = this.consumers.get(peer);
    if (consumer === undefined) return;
    const { taken, acked, received, getters } = consumer;
    const waiting = getters > 0 ? received + getters : 0;
    this.machine.want(peer, { taken, acked, waiting, credit: Math.max(waiting, received + ahead), polls });
    this.act();
  }

  giveUp(peer: number): void {
    const consumer = this.consumers.get(peer);
    if (consumer === undefined || consumer.getters === 0) return;
    consumer.getters -= 1;
    this.want(peer);
  }

  /** Its turn ends: it notes what it was handed, and no more. */
  settle(peer: number): void {
    const consumer = this.consumers.get(peer);
    if (consumer === undefined) return;
    consumer.noted = consumer.taken;
    this.want(peer);
  }

  die(peer: number): void {
    const consumer = this.consumers.get(peer);
    if (consumer === undefined) return;
    this.lost.push(consumer.noted - consumer.taken);
    this.machine.gone(peer, peer);
    this.consumers.delete(peer);
    this.waitingPuts.delete(peer);
    this.#lasts.delete(peer);
    this.act();
  }

  close(): void {
    this.machine.close();
    this.act();
    for (const peer of this.consumers.keys()) this.machine.noMorePuts(peer);
    this.act();
  }

  act(): void {
    for (;;) {
      const effects = this.machine.takeEffects();
      this.mostSize = Math.max(this.mostSize, this.machine.size());
      if (effects.length === 0) return;
      for (const effect of effects) this.#carryOut(effect);
    }
  }

  answerRecalls(): void {
    for (const peer of this.recalls.splice(0)) {
      const consumer = this.consumers.get(peer);
      if (consumer === undefined) continue;
      const from = consumer.buffer[0]?.number ?? consumer.received;
      consumer.buffer.splice(0);
      this.machine.giveBack(peer, from, consumer.received);
      this.act();
    }
  }

  #carryOut(effect: QueueEffect): void {
    if (effect.tag === 'deliver') {
      const consumer = this.consumers.get(effect.peer) as Consumer;
      itemsOf(effect.batch).forEach((item, index) => void consumer.buffer.push({ number: effect.first + index, item }));
      consumer.received = effect.first + effect.batch.count;
      this.#serve(effect.peer, consumer);
    } else if (effect.tag === 'accepted') {
      const waiting = this.waitingPuts.get(effect.peer);
      for (const [put, item] of waiting ?? []) {
        if (put > effect.last) break;
        waiting?.delete(put);
        this.accepted.push(item);
      }
    } else if (effect.tag === 'refused') {
      const waiting = this.waitingPuts.get(effect.peer);
      this.refused.push(waiting?.get(effect.put) as string);
      waiting?.delete(effect.put);
    } else if (effect.tag === 'closed') {
      this.closedFor.add(effect.peer);
      this.refused.push(...(this.waitingPuts.get(effect.peer)?.values() ?? []));
      this.waitingPuts.get(effect.peer)?.clear();
    } else if (effect.tag === 'ended') {
      const consumer = this.consumers.get(effect.peer) as Consumer;
      consumer.ended = true;
      consumer.getters = 0;
    } else if (effect.tag === 'recall') {
      this.recalls.push(effect.peer);
    } else if (effect.tag === 'nothing') {
      const consumer = this.consumers.get(effect.peer) as Consumer;
      consumer.getters -= Math.min(effect.polls, consumer.getters);
    }
  }

  #serve(peer: number, consumer: Consumer): void {
    while (consumer.getters > 0 && consumer.buffer.length > 0) {
      const next = consumer.buffer.shift() as { readonly number: number; readonly item: string };
      consumer.getters -= 1;
      consumer.taken = next.number + 1;
      if (consumer.taken > consumer.noted) {
        consumer.noted = Math.min(next.number + this.#rules.maxLost, consumer.received);
      }
      this.handed.push({ peer, item: next.item });
    }
  }
}
