import { HEAD_BYTES, headOf, MAX_ITEM_BYTES } from '../../core/queue/batch.ts';
import { QueueClosedError, QueueFullError, SerializationError } from '../../errors.ts';
import { ValueWriter } from '../../protocol/values/codec.ts';
import { LARGE_BYTES } from './large-items.ts';
import { type WaitLimits, watchLimits } from './limits.ts';
import type { Link } from './link.ts';

/** A batch is sent when it has grown to this, */
const BATCH_BYTES = 128 * 1024;
/** or is this old when something is added to it, ms; at the latest in the next turn of the event loop. */
const BATCH_AGE_MS = 1;
/** A loop that only awaits puts runs in microtasks alone; so often, ms, a put lets the event loop turn. */
const TURN_MS = 5;

/** More than this is not kept for the next item. */
const MAX_KEPT_BYTES = 1024 * 1024;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly unwatch: () => void;
  /** What a refusal means: the queue is full, unless it was taken back. */
  refusal: unknown;
}

const done = Promise.resolve();
const closed = (): QueueClosedError => new QueueClosedError();

/** The puts of one process into one queue. */
export class Outbox {
  readonly #link: Link;
  readonly #object: number;
  /** Whether the host says which puts it has accepted. */
  readonly #isAcknowledged: boolean;
  readonly #waiting = new Map<number, Waiting>();
  #writer = new ValueWriter();
  #scratch = new ValueWriter();
  #wasLarge = false;
  #count = 0;
  /** The number of the last put. */
  #last = 0;
  #startedAt = 0;
  #turnedAt = 0;
  /** Something was sent in this turn of the event loop, and the end of the turn is waited for. */
  #isTurnWatched = false;
  #isFlushDue = false;
  #error: (() => QueueClosedError) | undefined;

  constructor(link: Link, object: number, isAcknowledged: boolean) {
    this.#link = link;
    this.#object = object;
    this.#isAcknowledged = isAcknowledged;
  }

  /**
   * @param isNowait refuse it, should it have to wait
   * @returns a promise, rejected with a SerializationError, QueueFullError, QueueClosedError or the reason of the signal
   */
  put(item: unknown, limits: WaitLimits, isNowait: boolean): Promise<void> {
    if (limits.signal?.aborted) return Promise.reject(limits.signal.reason);
    if (this.#error !== undefined) return Promise.reject(this.#error());
    // In a batch of several it could be refused only along with the others.
    if (isNowait) this.flush();
    if (this.#count === 0) this.#startedAt = performance.now();
    try {
      this.#write(item);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#count += 1;
    this.#last += 1;
    if (this.#isAcknowledged) return this.#accepted(limits, isNowait);
    return this.#sendWhenDue();
  }

  accepted(last: number): void {
    for (const put of this.#waiting.keys()) {
      if (put > last) return;
      this.#settle(put)?.resolve();
    }
  }

  refused(put: number): void {
    const waiting = this.#settle(put);
    waiting?.reject(waiting.refusal);
  }

  /** From now on all puts are refused. */
  close(error: () => QueueClosedError = closed): void {
    this.flush();
    this.#error ??= error;
    for (const put of [...this.#waiting.keys()]) this.#settle(put)?.reject(this.#error());
  }

  flush(isNowait = false): void {
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    const { isKeeping } = this.#link;
    // The same memory for each batch, where that is possible: fresh memory costs as much as what is written to it.
    const bytes = isKeeping ? this.#writer.take() : this.#writer.view();
    this.#link.send({
      tag: 'put',
      object: this.#object,
      last: this.#last,
      count,
      isNowait: isNowait ? 1 : 0,
      bytes,
    });
    if (isKeeping) return;
    if (bytes.length > MAX_KEPT_BYTES) this.#writer = new ValueWriter();
    else this.#writer.truncate(0);
  }

  /** @throws SerializationError; nothing has been written then */
  #write(item: unknown): void {
    // Large ones are encoded where they need not stay, so that the memory is used again.
    const scratch = this.#wasLarge ? this.#scratch : this.#writer;
    const start = scratch.length;
    scratch.writeUint32(0);
    try {
      scratch.writeValue(item, 'item');
      const length = scratch.length - start - HEAD_BYTES;
      this.#wasLarge = length >= LARGE_BYTES;
      const reference = this.#wasLarge
        ? this.#link.largeItems?.write(scratch.view().subarray(start + HEAD_BYTES))
        : undefined;
      if (reference !== undefined) {
        scratch.truncate(start);
        this.#writer.writeUint32(headOf(reference.length, true));
        this.#writer.writeBytes(reference);
        return;
      }
      if (length > MAX_ITEM_BYTES) throw new SerializationError(`an item of ${length} bytes is too large`, '');
      scratch.setUint32(start, headOf(length, false));
      if (scratch === this.#scratch) this.#writer.writeBytes(scratch.view());
    } catch (error) {
      scratch.truncate(start);
      throw error;
    } finally {
      if (scratch === this.#scratch) {
        if (scratch.length > MAX_KEPT_BYTES) this.#scratch = new ValueWriter();
        else scratch.truncate(0);
      }
    }
  }

  /** The first put after a rest goes at once, what follows in the same turn together. */
  #sendWhenDue(): Promise<void> {
    if (!this.#isTurnWatched || this.#link.isEnding) {
      this.#watchTurn();
      this.flush();
      return done;
    }
    const isLarge = this.#writer.length >= BATCH_BYTES;
    const now = performance.now();
    if (!isLarge && now - this.#startedAt < BATCH_AGE_MS) return done;
    this.flush();
    if (this.#link.isCongested) return this.#link.drained();
    return now - this.#turnedAt > TURN_MS ? new Promise((resolve) => setImmediate(resolve)) : done;
  }

  #accepted(limits: WaitLimits, isNowait: boolean): Promise<void> {
    const put = this.#last;
    const promise = new Promise<void>((resolve, reject) => {
      const unwatch = watchLimits(limits, (reason) => {
        const waiting = this.#waiting.get(put);
        if (waiting === undefined) return;
        if (reason !== undefined) waiting.refusal = reason.aborted;
        this.flush();
        this.#link.send({ tag: 'withdraw', object: this.#object, put });
      });
      this.#waiting.set(put, { resolve, reject, unwatch, refusal: new QueueFullError() });
    });
    this.#link.hold();
    if (isNowait) this.flush(true);
    else this.#sendSoon();
    return promise;
  }

  /** The putter waits for the answer: send when what runs now is through, and with it the other puts it makes. */
  #sendSoon(): void {
    if (this.#writer.length >= BATCH_BYTES || this.#link.isEnding) this.flush();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  #settle(put: number): Waiting | undefined {
    const waiting = this.#waiting.get(put);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(put);
    waiting.unwatch();
    this.#link.release();
    return waiting;
  }

  #watchTurn(): void {
    this.#isTurnWatched = true;
    this.#turnedAt = performance.now();
    setImmediate(() => {
      if (this.#count === 0) {
        this.#isTurnWatched = false;
        return;
      }
      this.flush();
      this.#watchTurn();
    });
  }
}
