import { PoolClosedError, ProcctlError } from '../errors.ts';
import type { AnyFunction, Target } from '../protocol/target.ts';
import { encodeValue } from '../protocol/values/codec.ts';
import { RemoteCrew } from '../runtime/remote/remote-crew.ts';
import type { KnownTarget } from '../runtime/workers/call.ts';
import { Crew } from '../runtime/workers/crew.ts';
import type { Workforce } from '../runtime/workers/workforce.ts';
import { AsyncResult } from './async-result.ts';
import { parseArguments, parseTarget } from './call.ts';
import type { ApplyArguments, ArgumentsAnd, ItemOf, ResultOf } from './call-types.ts';
import { restoreHandle } from './handles.ts';
import { assertNotLoading, nextPath, ownName } from './identity.ts';
import { onAbort } from './on-abort.ts';
import { parseCount, parseList, parseTimeoutMs, type WaitOptions } from './options.ts';
import { PLAIN, SingleCall } from './pool-call.ts';
import { cannotStartError } from './pool-errors.ts';
import { MapSource, type SourceSettings } from './pool-map.ts';
import {
  isRemote,
  type MapOptions,
  type ParsedPoolOptions,
  type PoolOptions,
  parsePoolOptions,
  parsePriority,
  parseRemotePoolOptions,
  type RunOptions,
} from './pool-options.ts';
import { ResultStream } from './pool-stream.ts';

export interface PoolStats {
  readonly size: number;
  /** Workers that are there, each with what it has to do. */
  readonly workers: readonly { readonly pid: number; readonly isReady: boolean; readonly calls: number }[];
  /** Calls that wait for a worker; without those of `map` and `imap`, which are taken as workers have room. */
  readonly queued: number;
  /** Calls that workers have. */
  readonly running: number;
  /** Calls that have been answered, be it by an error. */
  readonly completed: number;
  /** Workers that have been started, and how many of them died at work. */
  readonly workersStarted: number;
  readonly workersLost: number;
}

/** What `run` is called with, of whatever function. */
type AnyArguments = readonly [args?: readonly unknown[], options?: RunOptions];

/** @throws SerializationError, ProcctlError */
const localCrew = (options: ParsedPoolOptions): Crew => {
  const { initializer, initArgs } = options;
  const initializerOnWire = initializer === undefined ? null : parseTarget(initializer);
  encodeValue(initArgs, 'initArgs');
  return new Crew(
    {
      ...options,
      start: () => {
        const path = nextPath();
        const parent = { name: ownName(), pid: process.pid };
        return {
          kind: 'pool-worker',
          identity: { name: `PoolWorker-${path.join(':')}`, path, daemon: true, parent },
          ownOutputs: ['stderr'],
          initializer: initializerOnWire,
          initArgs,
          isMemoryWatched: options.maxMemoryBytes !== undefined,
        };
      },
    },
    cannotStartError,
  );
};

/**
 * Workers, each a process of its own, that call functions: Python's `multiprocessing.Pool`.
 *
 * A worker that dies rejects the call it was at, with `WorkerLostError`, and is replaced; what was waiting behind that call is made by another.
 * Workers end with the program that made the pool, however it ends, and do not keep it from ending.
 *
 * With `on`, the calls are made by `procctl worker` on other machines; then a call whose worker is lost is made again (docs/library-pool.md).
 */
export class Pool {
  readonly #options: { readonly size: number; readonly timeoutMs: number | undefined };
  readonly #crew: Workforce;
  readonly #keys = new WeakMap<AnyFunction, string>();

  /**
   * @throws TypeError for options that make no sense together
   * @throws ProcctlError ERR_OPTION; ERR_STATE in a module that a worker only loads; ERR_START when the system has no
   * process for a worker
   * @throws SerializationError when `initArgs` cannot cross
   */
  constructor(options: PoolOptions = {}) {
    if (isRemote(options)) {
      const parsed = parseRemotePoolOptions(options);
      this.#options = parsed;
      this.#crew = new RemoteCrew({ ...parsed, restore: restoreHandle });
      return;
    }
    assertNotLoading('a pool is made');
    const parsed = parsePoolOptions(options);
    this.#options = parsed;
    this.#crew = localCrew(parsed);
  }

  /** Calls `target(...args)` in a worker. Rejects with what it throws. */
  run<F extends AnyFunction>(target: Target<F>, ...argsAndOptions: ArgumentsAnd<RunOptions, F>): Promise<ResultOf<F>> {
    const [args = [], { signal, timeoutMs, priority } = {}] = argsAndOptions as AnyArguments;
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const known = this.#know(target);
      const limitMs = timeoutMs === undefined ? this.#options.timeoutMs : parseTimeoutMs(timeoutMs);
      const isAlone = signal !== undefined || limitMs !== undefined;
      const settings =
        isAlone || priority !== undefined ? { priority: parsePriority(priority), timeoutMs: limitMs, isAlone } : PLAIN;
      const list = parseList(args, 'args');
      if (signal === undefined) {
        this.#crew.submit(new SingleCall(known, list, resolve, reject, settings));
        return;
      }
      signal.throwIfAborted();
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          forget();
          settle(value);
        };
      const call = new SingleCall(known, list, settled(resolve), settled(reject), settings);
      const forget = onAbort(signal, () => {
        reject(signal.reason);
        this.#crew.cancel(call, signal.reason);
      });
      this.#crew.submit(call);
    });
  }

  /** Calls `target(...args, kwargs)` in a worker, as Python's `apply` does; but it returns a promise. */
  apply<F extends AnyFunction>(target: Target<F>, ...[args, kwargs]: ApplyArguments<F>): Promise<ResultOf<F>> {
    return this.run<AnyFunction>(target, parseArguments(args, kwargs));
  }

  /** As `apply`, with a result that can be asked whether it is there. */
  applyAsync<F extends AnyFunction>(target: Target<F>, ...args: ApplyArguments<F>): AsyncResult<ResultOf<F>> {
    return new AsyncResult(this.apply<F>(target, ...args));
  }

  /** Calls `target(item)` for each item. Resolves to all results, in order; rejects with the first error. */
  map<F extends AnyFunction>(
    target: Target<F>,
    items: Iterable<ItemOf<F>>,
    options: MapOptions = {},
  ): Promise<ResultOf<F>[]> {
    return this.#map<F>(target, [...items], false, options);
  }

  /** Calls `target(...args)` for each list of arguments. Resolves to all results, in order; rejects with the first error. */
  starmap<F extends AnyFunction>(
    target: Target<F>,
    argsList: Iterable<Readonly<Parameters<F>>>,
    options: MapOptions = {},
  ): Promise<ResultOf<F>[]> {
    return this.#map<F>(target, [...argsList], true, options);
  }

  /**
   * Calls `target(item)` for each item, and yields the results in order. Items, of an iterable or an async one, are read as workers need them, at most 1024 (or as many as
   * the chunks at work hold) ahead of the results taken. An error is that of its item: `next()` may be called again.
   */
  imap<F extends AnyFunction>(
    target: Target<F>,
    items: Iterable<ItemOf<F>> | AsyncIterable<ItemOf<F>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<ResultOf<F>> {
    return this.#stream<F>(target, items, true, options);
  }

  /** As `imap`, with the results in the order in which they come. */
  imapUnordered<F extends AnyFunction>(
    target: Target<F>,
    items: Iterable<ItemOf<F>> | AsyncIterable<ItemOf<F>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<ResultOf<F>> {
    return this.#stream<F>(target, items, false, options);
  }

  stats(): PoolStats {
    const { members, queued, running, counts } = this.#crew;
    return {
      size: this.#options.size,
      workers: members.map(({ pid, isReady, owed }) => ({ pid, isReady, calls: owed })),
      queued,
      running,
      completed: counts.completed,
      workersStarted: counts.started,
      workersLost: counts.lostWorkers,
    };
  }

  /** Takes no more calls; workers end when those that were taken are done. */
  close(): void {
    this.#crew.close();
  }

  /** Ends the workers now. What is not done is rejected with `PoolClosedError`. */
  terminate(): void {
    this.#crew.terminate();
  }

  /**
   * Waits until all workers have ended.
   *
   * @returns true when they have, false when time ran out or `signal` was aborted; never rejects
   * @throws ProcctlError ERR_STATE, at once, before `close()` or `terminate()`
   */
  join({ timeoutMs, signal }: WaitOptions = {}): Promise<boolean> {
    if (this.#crew.isOpen)
      throw new ProcctlError('ERR_STATE', 'the pool is open', { hint: 'close() or terminate() it first' });
    return new AsyncResult(this.#crew.ended()).wait({ timeoutMs, signal });
  }

  /** As Python's `with`: terminates, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  #map<F extends AnyFunction>(
    target: Target<F>,
    items: readonly unknown[],
    isStar: boolean,
    options: MapOptions,
  ): Promise<ResultOf<F>[]> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      signal?.throwIfAborted();
      const settings = this.#settings(target, options);
      let forget = (): void => {};
      const done = (): void => {
        forget();
        this.#crew.removeSource(source);
      };
      const source: MapSource = new MapSource(
        settings,
        items,
        isStar,
        (results) => {
          done();
          resolve(results);
        },
        (error) => {
          done();
          reject(error);
        },
      );
      if (items.length === 0) {
        resolve([]);
        return;
      }
      if (signal !== undefined) {
        forget = onAbort(signal, () => {
          source.stop();
          done();
          reject(signal.reason);
        });
      }
      this.#crew.addSource(source);
    });
  }

  #stream<F extends AnyFunction>(
    target: Target<F>,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    isOrdered: boolean,
    options: MapOptions,
  ): AsyncIterableIterator<ResultOf<F>> {
    this.#assertOpen();
    const { signal } = options;
    signal?.throwIfAborted();
    const stream: ResultStream<ResultOf<F>> = new ResultStream(
      {
        ...this.#settings(target, options),
        isOrdered,
        messages: this.#options.size * 2,
        wake: () => this.#crew.wake(),
        done: () => this.#crew.removeSource(stream),
      },
      items,
    );
    if (signal !== undefined) onAbort(signal, () => stream.abort(signal.reason));
    this.#crew.addSource(stream);
    return stream;
  }

  #settings(target: unknown, { chunkSize, priority }: MapOptions): SourceSettings {
    return {
      target: this.#know(target),
      priority: parsePriority(priority),
      chunkSize: chunkSize === undefined ? undefined : parseCount(chunkSize, 'chunkSize'),
      timeoutMs: this.#options.timeoutMs,
    };
  }

  #know(target: unknown): KnownTarget {
    // The text of a function is read once.
    const known = typeof target === 'function' ? this.#keys.get(target as AnyFunction) : undefined;
    if (known !== undefined) return this.#crew.know(known, undefined as never);
    const wire = parseTarget(target);
    const key = JSON.stringify(wire);
    if (typeof target === 'function') this.#keys.set(target as AnyFunction, key);
    return this.#crew.know(key, wire);
  }

  #assertOpen(): void {
    if (!this.#crew.isOpen) throw new PoolClosedError();
  }
}
