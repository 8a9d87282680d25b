import { itemBounds } from '../../core/queue/batch.ts';
import { Pace } from '../../core/queue/pace.ts';
import { type ProcctlError, QueueClosedError, QueueEmptyError } from '../../errors.ts';
import type { ValueReader } from '../../protocol/values/codec.ts';
import type { ClaimSlot } from './claims.ts';
import { HandedNote } from './handed-note.ts';
import { type WaitLimits, watchLimits } from './limits.ts';
import type { Link } from './link.ts';

/** A holder of items that does not answer for so long has none for one who did not want to wait, ms. */
const POLL_MS = 500;

export interface InboxOptions {
  /** Reads the values in bytes that do not change. */
  readonly readerOf: (bytes: Buffer) => ValueReader;
  readonly isLeased: boolean;
  /** How many items this process may lose when it is killed; 1 if they are leased. */
  readonly maxLost: number;
  /** Whether producers wait for room: then it is told at once. */
  readonly isBounded: boolean;
  /** Called before anybody waits: what this process has put itself may be what is waited for. */
  readonly onWait: () => void;
}

interface Getter {
  readonly resolve: (item: unknown) => void;
  readonly reject: (error: unknown) => void;
  unwatch: () => void;
  readonly isPoll: boolean;
}

interface Delivery {
  readonly first: number;
  readonly count: number;
  readonly bytes: Buffer;
  /** Of all its items: a view and a reader for each would cost as much as to read it. */
  readonly reader: ValueReader;
}

interface Lease {
  readonly number: number;
  readonly item: unknown;
}

/** The gets of one process from one queue, and what it was sent ahead. */
export class Inbox {
  readonly #link: Link;
  readonly #object: number;
  readonly #note: HandedNote;
  readonly #options: InboxOptions;
  readonly #pace = new Pace();
  #deliveries: Delivery[] = [];
  /** In the first of them: the next item, and where it is. */
  #index = 0;
  #at = 0;
  #getters: Getter[] = [];
  #polls = 0;
  /** The number after the last item that came. */
  #received = 0;
  #buffered = 0;
  /** The number after the last item that was handed out, and up to which all are done with. */
  #taken = 0;
  #acked = 0;
  #leases: Lease[] = [];
  /** Whether items are acknowledged one by one, as `ack` or `taskDone` was called. */
  #isExplicit = false;
  #sentTaken = 0;
  #sentWaiting = 0;
  #sentCredit = 0;
  #isWantDue = false;
  #isTurnWatched = false;
  #error: (() => ProcctlError) | undefined;

  constructor(link: Link, object: number, slot: ClaimSlot | undefined, options: InboxOptions) {
    this.#link = link;
    this.#object = object;
    this.#note = new HandedNote(slot, options.maxLost);
    this.#options = options;
  }

  /** @param isPoll rejects at once when there is nothing */
  get(limits: WaitLimits, isPoll: boolean): Promise<unknown> {
    if (limits.signal?.aborted) return Promise.reject(limits.signal.reason);
    if (this.#options.isLeased && !this.#isExplicit) this.#ackAll();
    // In the host itself that may bring the item at once.
    if (!this.isReady) this.#options.onWait();
    if (this.isReady) {
      try {
        return Promise.resolve(this.#take());
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (this.#error !== undefined) return Promise.reject(this.#error());
    return new Promise((resolve, reject) => this.#wait({ resolve, reject, isPoll, unwatch: () => {} }, limits));
  }

  /** Whether there is an item that nobody waits for. */
  get isReady(): boolean {
    return this.#buffered > 0 && this.#getters.length === 0;
  }

  /** The next item for an iterator; only when one is ready. */
  takeNext(): Promise<{ readonly value: unknown; readonly done: false }> {
    if (this.#options.isLeased && !this.#isExplicit) this.#ackAll();
    try {
      return Promise.resolve({ value: this.#take(), done: false });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  receive(first: number, count: number, bytes: Buffer): void {
    if (this.#buffered === 0) this.#pace.begin(performance.now());
    this.#deliveries.push({ first, count, bytes, reader: this.#options.readerOf(bytes) });
    this.#received = first + count;
    this.#buffered += count;
    while (this.#getters.length > 0 && this.#buffered > 0) {
      const getter = this.#shift() as Getter;
      try {
        getter.resolve(this.#take());
      } catch (error) {
        getter.reject(error);
      }
    }
  }

  /** Gives back what was not handed out. Nothing more is handed out before the host has that in writing. */
  recall(): void {
    if (this.#link.hasUnsent) {
      void this.#link.drained().then(() => this.recall());
      return;
    }
    const current = this.#deliveries[0];
    const from = current === undefined ? this.#received : current.first + this.#index;
    const until = this.#received;
    this.#deliveries = [];
    this.#buffered = 0;
    this.#index = 0;
    this.#at = 0;
    this.#pace.reset();
    this.#sentCredit = 0;
    this.#link.send({ tag: 'giveBack', object: this.#object, from, until });
    if (this.#getters.length > 0) this.#want();
  }

  /** There was nothing for so many polls. */
  nothing(polls: number): void {
    let left = polls;
    for (const getter of this.#getters.filter(({ isPoll }) => isPoll)) {
      if (left-- > 0) this.#fail(getter, new QueueEmptyError());
    }
  }

  /** Nothing will ever come again; what is here is still handed out. */
  end(error: () => ProcctlError = () => new QueueClosedError()): void {
    this.#error ??= error;
    for (const getter of this.#getters.splice(0)) {
      this.#release(getter);
      getter.reject(this.#error());
    }
  }

  /** @returns false when it is none of the items that were handed out here and are not acknowledged */
  ack(item: unknown): boolean {
    const index = this.#leases.findIndex((lease) => Object.is(lease.item, item));
    if (index === -1) return false;
    this.#ackLease(index);
    return true;
  }

  /** Acknowledges the oldest item that is not. */
  ackOldest(): void {
    if (this.#leases.length > 0) this.#ackLease(0);
  }

  /** Tells, and notes, how far it has come. */
  flush(): void {
    // Who waits may have what was noted and is not handed out: the host looks at the note when it hears something.
    if (this.#note.settle(this.#taken) || this.#sentTaken !== this.#taken) this.#want();
  }

  #ackLease(index: number): void {
    const [lease] = this.#leases.splice(index, 1);
    this.#isExplicit = true;
    this.#acked = this.#leases[0]?.number ?? this.#taken;
    this.#note.acknowledge(this.#taken, this.#acked);
    this.#link.send({ tag: 'ack', object: this.#object, number: (lease as Lease).number });
  }

  #ackAll(): void {
    if (this.#leases.length === 0) return;
    this.#leases = [];
    this.#acked = this.#taken;
    this.#note.acknowledge(this.#taken, this.#acked);
    this.#wantSoon();
  }

  /** @throws what decoding throws; the item is gone */
  #take(): unknown {
    const delivery = this.#deliveries[0] as Delivery;
    const number = delivery.first + this.#index;
    const { start, end, isExternal } = itemBounds(delivery.bytes, this.#at);
    // Where the process ends, no turn will.
    const soon = this.#link.isEnding ? 0 : this.#pace.soon;
    const isAhead = this.#note.hand(number, delivery.first + delivery.count, soon);
    if (isAhead) this.#watchTurn();
    this.#taken = number + 1;
    this.#buffered -= 1;
    this.#index += 1;
    this.#at = end;
    if (this.#index === delivery.count) {
      this.#deliveries.shift();
      this.#index = 0;
      this.#at = 0;
    }
    this.#pace.take();
    try {
      const item = isExternal
        ? this.#readLarge(delivery.bytes.subarray(start, end))
        : delivery.reader.readValueAt(start, end);
      if (this.#options.isLeased) this.#leases.push({ number, item });
      return item;
    } finally {
      this.#refill();
    }
  }

  /** @throws QueueClosedError when it is gone along with the host */
  #readLarge(reference: Buffer): unknown {
    let bytes: Buffer;
    try {
      bytes = this.#link.largeItems?.read(reference) as Buffer;
    } catch (cause) {
      throw new QueueClosedError('the process that hosts the queue has ended', { cause });
    }
    return this.#options.readerOf(bytes).readValueAt(0, bytes.length);
  }

  #refill(): void {
    if (this.#options.isBounded) {
      this.#wantSoon();
      return;
    }
    const { target } = this.#pace;
    if (target > 0 && this.#sentCredit - this.#taken < target / 2) {
      this.#pace.measure(performance.now());
      this.#want();
    } else {
      this.#watchTurn();
    }
  }

  #watchTurn(): void {
    if (this.#isTurnWatched) return;
    this.#isTurnWatched = true;
    setImmediate(() => {
      this.#isTurnWatched = false;
      this.flush();
    });
  }

  #wait(getter: Getter, limits: WaitLimits): void {
    this.#pace.measure(performance.now());
    this.#link.hold();
    getter.unwatch = watchLimits(getter.isPoll ? { ...limits, timeoutMs: POLL_MS } : limits, (reason) =>
      this.#fail(getter, reason === undefined ? new QueueEmptyError() : reason.aborted),
    );
    this.#getters.push(getter);
    if (getter.isPoll) {
      this.#polls += 1;
      this.#want();
    } else if (this.#received + this.#getters.length > this.#sentWaiting) {
      this.#wantSoon();
    }
  }

  #shift(): Getter | undefined {
    const getter = this.#getters.shift();
    if (getter !== undefined) this.#release(getter);
    return getter;
  }

  #fail(getter: Getter, error: unknown): void {
    const index = this.#getters.indexOf(getter);
    if (index === -1) return;
    this.#getters.splice(index, 1);
    this.#release(getter);
    getter.reject(error);
    this.#wantSoon();
  }

  #release(getter: Getter): void {
    getter.unwatch();
    this.#link.release();
  }

  /** Once for all that asks for it in the same go. */
  #wantSoon(): void {
    if (this.#isWantDue) return;
    this.#isWantDue = true;
    queueMicrotask(() => {
      if (this.#isWantDue) this.#want();
    });
  }

  #want(): void {
    this.#isWantDue = false;
    const waiting = this.#getters.length > 0 ? this.#received + this.#getters.length : 0;
    const ahead = this.#note.hasPlace ? this.#taken + this.#pace.target : 0;
    const credit = Math.max(waiting, ahead);
    this.#sentTaken = this.#taken;
    this.#sentWaiting = waiting;
    this.#sentCredit = credit;
    const polls = this.#polls;
    this.#polls = 0;
    this.#link.send({
      tag: 'want',
      object: this.#object,
      taken: this.#taken,
      acked: this.#acked,
      waiting,
      credit,
      polls,
    });
  }
}
