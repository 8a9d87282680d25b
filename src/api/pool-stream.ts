import { CALL } from '../protocol/calls.ts';
import { encodeValue } from '../protocol/values/codec.ts';
import type { Call, CallSource, KnownTarget } from '../runtime/workers/call.ts';
import { type ItemReader, readerOf } from './item-reader.ts';
import { Chunk, type SourceSettings } from './pool-map.ts';

/** Items are read at most so far ahead of what was taken out of the stream; more if `chunkSize` needs more. */
const AHEAD = 1024;

type Outcome =
  | { readonly isReturned: true; readonly value: unknown }
  | { readonly isReturned: false; readonly error: unknown };

interface StreamSettings extends SourceSettings {
  readonly isOrdered: boolean;
  /** Chunks that are worked on at a time. */
  readonly messages: number;
  /** There is something to take again. */
  readonly wake: () => void;
  /** Nothing more is to be taken. */
  readonly done: () => void;
}

/**
 * The results of `imap` and `imapUnordered`. Items are read as they are needed, and not far ahead, so an iterable without
 * end is one like any other; to leave the loop closes the iterable.
 */
export class ResultStream<T> implements CallSource, AsyncIterableIterator<T> {
  readonly target: KnownTarget;
  readonly priority: number;
  readonly isAlone: boolean;
  readonly #settings: StreamSettings;
  readonly #items: ItemReader;
  readonly #window: number;
  /** By the index of the item, or as they come. */
  readonly #outcomes = new Map<number, Outcome>();
  #waiting: { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void }[] = [];
  #read = 0;
  #yielded = 0;
  #arrived = 0;
  #isExhausted = false;
  #isWide = false;
  #isDropped = false;

  constructor(settings: StreamSettings, items: Iterable<unknown> | AsyncIterable<unknown>) {
    this.target = settings.target;
    this.priority = settings.priority;
    this.isAlone = settings.timeoutMs !== undefined;
    this.#settings = settings;
    this.#window = Math.max(AHEAD, (settings.chunkSize ?? 1) * settings.messages);
    this.#items = readerOf(items, () => this.#room - this.#items.ahead, settings.wake);
    this.#items.fetch();
  }

  get left(): number {
    return this.#isExhausted ? 0 : Number.POSITIVE_INFINITY;
  }

  get isWaiting(): boolean {
    return this.#room <= 0 || this.#items.isEmpty;
  }

  get #room(): number {
    return this.#isWide ? Number.POSITIVE_INFINITY : this.#window - (this.#read - this.#yielded);
  }

  openWide(): void {
    this.#isWide = true;
    this.#items.fetch();
  }

  take(most: number): Call | undefined {
    const { chunkSize, timeoutMs, messages } = this.#settings;
    // No worker gets all of what may be read.
    const adaptive = timeoutMs === undefined ? Math.min(most, Math.ceil(this.#window / messages)) : 1;
    const wanted = Math.min(chunkSize ?? adaptive, this.#room);
    const start = this.#read;
    const items: unknown[] = [];
    while (items.length < wanted && !this.#isExhausted) {
      const next = this.#readItem();
      if (next === 'later') break;
      if (next !== undefined) items.push(next.item);
    }
    this.#items.fetch();
    if (items.length === 0) return undefined;
    let value: Buffer;
    try {
      value = encodeValue(items, 'items');
    } catch {
      return this.#oneByOne(start, items);
    }
    return this.#chunk(start, items.length, value);
  }

  next(): Promise<IteratorResult<T>> {
    const ready = new Promise<IteratorResult<T>>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.#hand();
    this.#items.fetch();
    this.#settings.wake();
    return ready;
  }

  return(): Promise<IteratorResult<T>> {
    if (!this.#isExhausted) {
      this.#exhaust();
      this.#items.close();
    }
    // What still comes is of no interest to anybody.
    this.#isDropped = true;
    this.#yielded = this.#read;
    this.#outcomes.clear();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the stream with an error. */
  abort(error: unknown): void {
    if (this.#isExhausted && this.#yielded === this.#read) return;
    const waiting = this.#waiting.splice(0);
    void this.return();
    if (waiting.length === 0) this.#outcomes.set(this.#read, { isReturned: false, error });
    this.#read += waiting.length === 0 ? 1 : 0;
    for (const { reject } of waiting) reject(error);
  }

  fail(error: unknown): void {
    if (this.#isExhausted) return;
    this.#endWith(error);
    this.#items.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #readItem(): { readonly item: unknown } | 'later' | undefined {
    try {
      const next = this.#items.read();
      if (next === 'later') return next;
      if (next === 'end') {
        this.#exhaust();
        return undefined;
      }
      this.#read += 1;
      return next;
    } catch (error) {
      this.#endWith(error);
      return undefined;
    }
  }

  /** The error is the outcome after all that were read before, and the last one. */
  #endWith(error: unknown): void {
    this.#read += 1;
    this.#put(this.#read - 1, { isReturned: false, error });
    this.#exhaust();
  }

  #exhaust(): void {
    this.#isExhausted = true;
    this.#settings.done();
    this.#hand();
  }

  #chunk(start: number, length: number, value: Buffer): Call {
    return new Chunk(CALL.each, value, length, this.#settings, (failed, results) => {
      for (let index = 0; index < length; index += 1) {
        const outcome = (results as readonly (readonly [boolean, unknown])[] | undefined)?.[index];
        if (failed !== undefined || outcome === undefined)
          this.#put(start + index, { isReturned: false, error: failed?.error });
        else if (outcome[0]) this.#put(start + index, { isReturned: true, value: outcome[1] });
        else this.#put(start + index, { isReturned: false, error: outcome[1] });
      }
      this.#hand();
      this.#settings.wake();
    });
  }

  /** One of the items cannot be sent: that is the outcome of it alone. */
  #oneByOne(start: number, items: readonly unknown[]): Call | undefined {
    const sendable: { readonly index: number; readonly item: unknown }[] = [];
    for (const [index, item] of items.entries()) {
      try {
        encodeValue(item, `items[${start + index}]`);
        sendable.push({ index: start + index, item });
      } catch (error) {
        this.#put(start + index, { isReturned: false, error });
      }
    }
    this.#hand();
    if (sendable.length === 0) return undefined;
    const value = encodeValue(sendable.map(({ item }) => item));
    return new Chunk(CALL.each, value, sendable.length, this.#settings, (failed, results) => {
      for (const [at, { index }] of sendable.entries()) {
        const outcome = (results as readonly (readonly [boolean, unknown])[] | undefined)?.[at];
        if (failed !== undefined || outcome === undefined)
          this.#put(index, { isReturned: false, error: failed?.error });
        else
          this.#put(
            index,
            outcome[0] ? { isReturned: true, value: outcome[1] } : { isReturned: false, error: outcome[1] },
          );
      }
      this.#hand();
      this.#settings.wake();
    });
  }

  #put(index: number, outcome: Outcome): void {
    if (this.#isDropped) return;
    this.#outcomes.set(this.#settings.isOrdered ? index : this.#arrived, outcome);
    this.#arrived += 1;
  }

  /** Gives what is there to those who wait. */
  #hand(): void {
    while (this.#waiting.length > 0) {
      const outcome = this.#outcomes.get(this.#yielded);
      if (outcome === undefined) {
        if (!this.#isExhausted || this.#yielded < this.#read) return;
        for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
        return;
      }
      this.#outcomes.delete(this.#yielded);
      this.#yielded += 1;
      const waiting = this.#waiting.shift();
      if (outcome.isReturned) waiting?.resolve({ done: false, value: outcome.value as T });
      else waiting?.reject(outcome.error);
    }
  }
}
