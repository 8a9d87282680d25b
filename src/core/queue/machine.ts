import { WorkerLostError } from '../../errors.ts';
import { type Batch, splitBatch } from './batch.ts';
import type { Claims, QueueEffect, QueueRules, Want } from './events.ts';
import { Holdings } from './holdings.ts';
import { ItemStore } from './item-store.ts';

/** How long a consumer may sit on items while another waits for some, ms. */
export const PATIENCE_MS = 50;

interface Peer {
  readonly id: number;
  readonly holdings: Holdings;
  /** Up to which delivery number somebody waits for an item, and up to which items may be sent ahead. */
  waiting: number;
  credit: number;
  /** How many of those who wait want to hear at once that there is nothing. */
  polls: number;
  /** Items it has done with, less the calls of taskDone: what is lost for `join` when it dies. */
  undone: number;
  /** Where it stood when somebody began to wait for what it holds. */
  stoodAt: number | undefined;
  isRecalled: boolean;
}

interface PendingPut {
  readonly peer: number;
  /** The number of its last item among the puts of this peer. */
  last: number;
  batch: Batch;
}

interface Join {
  readonly peer: number;
  readonly call: number;
}

/**
 * One queue as its host sees it: peers are processes, items are bytes. It decides who gets what; what it decided is in
 * `takeEffects()`, in order. Nothing is lost, doubled or reordered here, except that what was given back (by a dead consumer,
 * or by a busy one while another waited) goes to the front.
 */
export class QueueMachine {
  readonly #rules: QueueRules;
  readonly #claimsOf: (peer: number) => Claims;
  readonly #store = new ItemStore();
  /** In the order of their turn to be served: who was served goes to the end. */
  #peers: Peer[] = [];
  #pending: PendingPut[] = [];
  #effects: QueueEffect[] = [];
  #isClosed = false;
  #hasEnded = false;
  /** Whose puts may still be on their way, of a closed queue. */
  #closing = new Set<number>();
  #unfinished = 0;
  #lost: WorkerLostError | undefined;
  #joins: Join[] = [];
  #isWatching = false;

  /** @param claimsOf reads how far a consumer has come by itself; asked when it matters, and when it is gone */
  constructor(rules: QueueRules, claimsOf: (peer: number) => Claims) {
    this.#rules = rules;
    this.#claimsOf = claimsOf;
  }

  takeEffects(): readonly QueueEffect[] {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  /** Closed, empty, and nothing can come back. */
  get isDrained(): boolean {
    return this.#isClosed && this.#closing.size === 0 && this.#store.count === 0 && this.#outstanding() === 0;
  }

  /** A process has got hold of the queue. */
  open(id: number): void {
    if (this.#peers.some((peer) => peer.id === id)) return;
    const holdings = new Holdings();
    this.#peers.push({
      id,
      holdings,
      waiting: 0,
      credit: 0,
      polls: 0,
      undone: 0,
      stoodAt: undefined,
      isRecalled: false,
    });
    if (!this.#isClosed) return;
    this.#emit({ tag: 'closed', peer: id });
    if (this.#hasEnded) this.#emit({ tag: 'ended', peer: id });
    else this.#closing.add(id);
  }

  /**
   * @param last the number of the last of these items among the puts of this peer
   * @param isNowait refuse them, should they have to wait
   */
  put(id: number, batch: Batch, last: number, isNowait = false): void {
    this.#peer(id);
    if (this.#isClosed && !this.#closing.has(id)) {
      this.#emit({ tag: 'release', batch });
      return;
    }
    if (this.#rules.maxSize === Number.POSITIVE_INFINITY) {
      this.#append(batch);
      if (this.#rules.delivery === 'at-least-once') this.#emit({ tag: 'accepted', peer: id, last });
      this.#dispatch();
      return;
    }
    // The others have been told already that their puts are refused.
    if (this.#isClosed) {
      this.#emit({ tag: 'release', batch });
      return;
    }
    if (isNowait && (this.#pending.length > 0 || this.#room() < batch.count)) {
      this.#emit({ tag: 'release', batch });
      this.#emit({ tag: 'refused', peer: id, put: last });
      return;
    }
    this.#pending.push({ peer: id, last, batch });
    this.#accept();
    this.#dispatch();
  }

  /** Takes a put back that has not been accepted. */
  withdraw(id: number, put: number): void {
    const index = this.#pending.findIndex(
      ({ peer, last, batch }) => peer === id && last - batch.count < put && put <= last,
    );
    const found = this.#pending[index];
    if (found === undefined) return;
    const before = put - 1 - (found.last - found.batch.count);
    const [first, rest] = before > 0 ? splitBatch(found.batch, before) : [undefined, found.batch];
    const [only, after] = rest.count > 1 ? splitBatch(rest, 1) : [rest, undefined];
    this.#pending.splice(
      index,
      1,
      ...(first === undefined ? [] : [{ peer: id, last: put - 1, batch: first }]),
      ...(after === undefined ? [] : [{ peer: id, last: found.last, batch: after }]),
    );
    this.#emit({ tag: 'release', batch: only });
    this.#emit({ tag: 'refused', peer: id, put });
  }

  /** A consumer says how far it has come and how much it would like. */
  want(id: number, { taken, acked, waiting, credit, polls }: Want): void {
    const peer = this.#peer(id);
    this.#retire(peer, this.#rules.delivery === 'at-most-once' ? taken : acked);
    peer.waiting = waiting;
    peer.credit = Math.max(credit, waiting);
    peer.polls += polls;
    this.#accept();
    this.#dispatch();
  }

  /** All that was sent before these polls has arrived: tell those who got nothing. */
  answerPolls(): void {
    for (const peer of this.#peers) {
      if (peer.polls === 0) continue;
      const missing = peer.waiting - peer.holdings.next;
      if (missing > 0 && this.#recallFor(peer, true)) continue;
      if (missing > 0) this.#emit({ tag: 'nothing', peer: peer.id, polls: peer.polls });
      peer.polls = 0;
    }
  }

  /** A consumer gives back what it holds with numbers in `[from, until)`. */
  giveBack(id: number, from: number, until: number): void {
    const peer = this.#peer(id);
    peer.isRecalled = false;
    peer.stoodAt = undefined;
    peer.credit = Math.max(peer.waiting, Math.min(peer.credit, peer.holdings.next));
    this.#store.giveBack(peer.holdings.cut(from, until));
    this.#dispatch();
    this.answerPolls();
  }

  /** An item of a lease is done with. */
  ack(id: number, number: number): void {
    const peer = this.#peer(id);
    for (const { batch } of peer.holdings.cut(number, number + 1)) this.#done(peer, batch);
    this.#endIfDrained();
  }

  /** @returns false when that is more than there were items */
  taskDone(id: number): boolean {
    if (this.#unfinished === 0) return false;
    this.#peer(id).undone -= 1;
    this.#finish(1);
    return true;
  }

  join(id: number, call: number): void {
    this.#joins.push({ peer: id, call });
    this.#settleJoins();
  }

  cancelJoin(id: number, call: number): boolean {
    const count = this.#joins.length;
    this.#joins = this.#joins.filter((join) => join.peer !== id || join.call !== call);
    return this.#joins.length < count;
  }

  /** Exact: what nobody has been handed. */
  size(): number {
    let size = this.#store.count;
    for (const { id, holdings } of this.#peers) {
      if (!holdings.isEmpty) size += holdings.countFrom(this.#claimsOf(id).taken);
    }
    return size;
  }

  isFull(): boolean {
    return this.size() >= this.#rules.maxSize;
  }

  /** @param also a peer that has not come yet and may still put */
  close(also?: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (also !== undefined) this.#closing.add(also);
    for (const { batch } of this.#pending) this.#emit({ tag: 'release', batch });
    this.#pending = [];
    for (const { id } of this.#peers) {
      this.#closing.add(id);
      this.#emit({ tag: 'closed', peer: id });
    }
    this.#endIfDrained();
  }

  /** Nothing more comes from this peer, or (for none) from any that has not said so. */
  noMorePuts(id?: number): void {
    if (id === undefined) this.#closing.clear();
    else this.#closing.delete(id);
    this.#endIfDrained();
  }

  /** A process has let go of the queue or has ended; what it held and had not taken goes to the front. */
  gone(id: number, pid: number): void {
    const index = this.#peers.findIndex((peer) => peer.id === id);
    const peer = this.#peers[index];
    if (peer === undefined) return;
    const { taken, acked } = this.#claimsOf(id);
    this.#retire(peer, this.#rules.delivery === 'at-most-once' ? taken : acked);
    this.#peers.splice(index, 1);
    this.#closing.delete(id);
    this.#joins = this.#joins.filter((join) => join.peer !== id);
    this.#store.giveBack(peer.holdings.cut(0, peer.holdings.next));
    if (this.#rules.isJoinable && this.#rules.delivery === 'at-most-once' && peer.undone > 0)
      this.#lose(peer.undone, pid);
    this.#accept();
    this.#dispatch();
    this.answerPolls();
    this.#endIfDrained();
  }

  /** PATIENCE_MS after `wake`: who sits on items while others wait gives them back. */
  wake(): void {
    this.#isWatching = false;
    for (const peer of this.#peers)
      if (this.#isHungry(peer) && this.#recallFor(peer, false)) {
        this.#watch();
        return;
      }
  }

  #isHungry(peer: Peer): boolean {
    return peer.waiting > peer.holdings.next;
  }

  #emit(effect: QueueEffect): void {
    this.#effects.push(effect);
  }

  #peer(id: number): Peer {
    const found = this.#peers.find((peer) => peer.id === id);
    if (found === undefined) throw new RangeError(`peer ${id} has not opened the queue`);
    return found;
  }

  #append(batch: Batch): void {
    this.#store.append(batch);
    if (this.#rules.isJoinable) this.#unfinished += batch.count;
  }

  #room(): number {
    const { maxSize } = this.#rules;
    // What consumers have said is always behind what they have done: ask only when it matters.
    let most = this.#store.count;
    for (const { holdings } of this.#peers) most += holdings.countFrom(0);
    if (maxSize > most || !this.#isNotedExactly) return maxSize - most;
    return maxSize - this.size();
  }

  #accept(): void {
    while (this.#pending.length > 0) {
      const room = this.#room();
      if (room <= 0) return;
      const first = this.#pending[0] as PendingPut;
      const { batch } = first;
      if (batch.count <= room) {
        this.#pending.shift();
        this.#append(batch);
        this.#emit({ tag: 'accepted', peer: first.peer, last: first.last });
      } else {
        const [fits, rest] = splitBatch(batch, room);
        first.batch = rest;
        this.#append(fits);
        this.#emit({ tag: 'accepted', peer: first.peer, last: first.last - rest.count });
      }
    }
  }

  #dispatch(): void {
    for (;;) {
      if (this.#store.count === 0) break;
      const hungry = this.#peers.filter((peer) => this.#isHungry(peer));
      const takers = hungry.length > 0 ? hungry : this.#peers.filter(({ credit, holdings }) => credit > holdings.next);
      const [taker] = takers;
      if (taker === undefined) break;
      const share = Math.ceil(this.#store.count / takers.length);
      const lot = this.#store.take(Math.min(share, taker.credit - taker.holdings.next));
      if (lot === undefined) break;
      this.#emit({ tag: 'deliver', peer: taker.id, first: taker.holdings.add(lot), batch: lot.batch });
      this.#toTheEnd(taker);
    }
    if (this.#peers.length > 1) this.#watch();
    if (this.#isClosed) this.#endIfDrained();
  }

  #toTheEnd(peer: Peer): void {
    if (this.#peers.length === 1) return;
    this.#peers.splice(this.#peers.indexOf(peer), 1);
    this.#peers.push(peer);
  }

  /** Somebody waits and the queue is empty: look after a while who sits on items. */
  #watch(): void {
    if (this.#isWatching || this.#store.count > 0) return;
    const hungry = this.#peers.find((peer) => this.#isHungry(peer));
    if (hungry === undefined) return;
    let isHeld = false;
    for (const peer of this.#peers) {
      const { holdings } = peer;
      if (peer === hungry || holdings.isEmpty) continue;
      const { taken } = this.#claimsOf(peer.id);
      if (holdings.countFrom(taken) === 0) continue;
      peer.stoodAt = taken;
      isHeld = true;
    }
    if (!isHeld) return;
    this.#isWatching = true;
    this.#emit({ tag: 'wake', inMs: PATIENCE_MS });
  }

  /** @returns whether others hold items that this one could have */
  #recallFor(hungry: Peer, isAtOnce: boolean): boolean {
    let isHeld = false;
    for (const peer of this.#peers) {
      const { holdings } = peer;
      if (peer === hungry || holdings.isEmpty) continue;
      const { taken } = this.#claimsOf(peer.id);
      if (holdings.countFrom(taken) === 0) continue;
      isHeld = true;
      if (peer.isRecalled || (!isAtOnce && taken !== peer.stoodAt)) continue;
      peer.isRecalled = true;
      this.#emit({ tag: 'recall', peer: peer.id });
    }
    return isHeld;
  }

  #retire(peer: Peer, number: number): void {
    for (const batch of peer.holdings.retire(number)) this.#done(peer, batch);
    if (this.#isClosed) this.#endIfDrained();
  }

  #done(peer: Peer, batch: Batch): void {
    peer.undone += batch.count;
    if (batch.hasExternal) this.#emit({ tag: 'release', batch });
  }

  /** Whether consumers have handed out all that they have noted. */
  get #isNotedExactly(): boolean {
    return this.#rules.maxLost === 1;
  }

  /** Items that are with consumers and could come back. */
  #outstanding(): number {
    // What is noted ahead is not gone before its consumer is.
    const isGone = this.#rules.delivery === 'at-most-once' && this.#isNotedExactly;
    let count = 0;
    for (const { id, holdings } of this.#peers) {
      if (holdings.isEmpty) continue;
      count += holdings.countFrom(isGone ? this.#claimsOf(id).taken : 0);
    }
    return count;
  }

  #endIfDrained(): void {
    if (this.#hasEnded || !this.isDrained) return;
    this.#hasEnded = true;
    for (const { id } of this.#peers) this.#emit({ tag: 'ended', peer: id });
  }

  #lose(count: number, pid: number): void {
    const lost = Math.min(count, this.#unfinished);
    if (lost === 0) return;
    const items = lost === 1 ? 'an item' : `${lost} items`;
    this.#lost = new WorkerLostError(
      `process ${pid} ended with ${items} of the queue taken and not done`,
      { pid, exitCode: null, signal: null, stderrTail: '' },
      { hint: "with delivery: 'at-least-once' another consumer gets them" },
    );
    this.#finish(lost);
  }

  #finish(count: number): void {
    this.#unfinished -= count;
    this.#settleJoins();
  }

  #settleJoins(): void {
    if (this.#joins.length === 0 || (this.#unfinished > 0 && this.#lost === undefined)) return;
    const error = this.#lost;
    this.#lost = undefined;
    for (const { peer, call } of this.#joins) this.#emit({ tag: 'joined', peer, call, error });
    this.#joins = [];
  }
}
