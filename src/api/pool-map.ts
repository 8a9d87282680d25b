import { SerializationError } from '../errors.ts';
import { CALL, type CallKind, RESULT, type ResultOnWire } from '../protocol/calls.ts';
import { decodeValueAt, encodeValue } from '../protocol/values/codec.ts';
import type { Call, CallSource, Failure, KnownTarget } from '../runtime/workers/call.ts';
import { restoreHandle } from './handles.ts';
import { failureError } from './pool-errors.ts';

export interface SourceSettings {
  readonly target: KnownTarget;
  readonly priority: number;
  readonly chunkSize: number | undefined;
  readonly timeoutMs: number | undefined;
}

/** Calls that belong together, and are answered together. */
export class Chunk implements Call {
  readonly target: KnownTarget;
  readonly priority: number;
  readonly timeoutMs: number | undefined;
  readonly isAlone: boolean;
  readonly start = 0;
  readonly end: number;
  #hasTimedOut = false;

  constructor(
    readonly kind: CallKind,
    readonly bytes: Buffer,
    readonly weight: number,
    { target, priority, timeoutMs }: SourceSettings,
    readonly settle: (error: { readonly error: unknown } | undefined, value: unknown) => void,
  ) {
    this.target = target;
    this.priority = priority;
    this.timeoutMs = timeoutMs;
    this.isAlone = timeoutMs !== undefined;
    this.end = bytes.length;
  }

  onTimeout(): void {
    this.#hasTimedOut = true;
  }

  onResult(result: ResultOnWire): void {
    const { status } = result;
    let decoded: unknown;
    try {
      decoded = decodeValueAt(result, result.restore ?? restoreHandle);
    } catch (error) {
      this.settle({ error }, undefined);
      return;
    }
    if (status === RESULT.returned || status === RESULT.each) this.settle(undefined, decoded);
    else this.settle({ error: decoded }, undefined);
  }

  onFailure(failure: Failure): void {
    this.settle(
      { error: failureError(failure, this.target, this.#hasTimedOut ? this.timeoutMs : undefined) },
      undefined,
    );
  }
}

/** A `map` or `starmap`: a list of known length, answered as a whole; the first error is the answer. */
export class MapSource implements CallSource {
  readonly target: KnownTarget;
  readonly priority: number;
  readonly isAlone: boolean;
  readonly isWaiting = false;
  readonly #settings: SourceSettings;
  readonly #items: readonly unknown[];
  readonly #isStar: boolean;
  readonly #results: unknown[];
  #next = 0;
  #missing: number;

  constructor(
    settings: SourceSettings,
    items: readonly unknown[],
    isStar: boolean,
    readonly resolve: (results: never) => void,
    readonly reject: (error: unknown) => void,
  ) {
    this.target = settings.target;
    this.priority = settings.priority;
    this.isAlone = settings.timeoutMs !== undefined;
    this.#settings = settings;
    this.#items = items;
    this.#isStar = isStar;
    this.#results = new Array(items.length);
    this.#missing = items.length;
  }

  get left(): number {
    return this.#items.length - this.#next;
  }

  openWide(): void {}

  /** Gives no more. */
  stop(): void {
    this.#next = this.#items.length;
  }

  take(most: number): Call | undefined {
    // A limit of time is for one call, unless it is known how many are to be one.
    const { chunkSize = this.#settings.timeoutMs === undefined ? most : 1 } = this.#settings;
    const start = this.#next;
    const end = Math.min(start + chunkSize, this.#items.length);
    if (start >= end) return undefined;
    this.#next = end;
    const kind = this.#isStar ? CALL.starmap : CALL.map;
    let value: Buffer;
    try {
      value = encodeValue(this.#items.slice(start, end), 'items');
    } catch (error) {
      this.fail(error);
      return undefined;
    }
    return new Chunk(kind, value, end - start, this.#settings, (failed, results) => {
      if (failed !== undefined) this.fail(failed.error);
      else if (Array.isArray(results) && results.length === end - start) this.#take(start, results);
      else this.fail(new SerializationError('the results of a worker are not as many as its calls', 'results'));
    });
  }

  fail(error: unknown): void {
    this.stop();
    this.reject(error);
  }

  #take(start: number, results: readonly unknown[]): void {
    for (let index = 0; index < results.length; index += 1) this.#results[start + index] = results[index];
    this.#missing -= results.length;
    if (this.#missing === 0) this.resolve(this.#results as never);
  }
}
