import { restoreHandle } from '../api/handles.ts';
import { CALL, type CallOnWire, CallReader, RESULT, type ResultStatus, ResultWriter } from '../protocol/calls.ts';
import { progressNote, REVOKED_AT, resultNote } from '../protocol/notes.ts';
import type { AnyFunction } from '../protocol/target.ts';
import { decodeValue } from '../protocol/values/codec.ts';
import { FROM_WORKER, type PoolWorkerStart, type TargetOnWire, TO_WORKER } from '../protocol/worker-frames.ts';
import { callEach, type EachResult, isThenable, sendable } from './call-each.ts';
import type { WorkerChannel } from './channel.ts';
import { loadTarget } from './load-target.ts';
import { notedNumberAt, writeNote } from './notes.ts';
import { ResultNotes } from './result-notes.ts';

/** Results go out when they are so old, or so many bytes. */
const FLUSH_MS = 1;
const FLUSH_BYTES = 64 * 1024;
/** Memory is looked at this often at most: it takes some 20 µs. */
const MEMORY_MS = 20;

/** Milliseconds. Functions may put a clock of their own in its place, as those do that test. */
const now = performance.now.bind(performance);

/**
 * Makes the calls of a pool, one after the other.
 *
 * Whoever kills it between two calls takes nothing with it: before it goes on to a call, it has noted the result of the one
 * before in a file in memory (0.9 µs), so the pool can tell what was done, what was being done, and what was not begun.
 */
export class PoolWorker {
  readonly #channel: WorkerChannel;
  readonly #definitions = new Map<number, TargetOnWire>();
  readonly #functions = new Map<number, AnyFunction>();
  readonly #messages: Buffer[] = [];
  readonly #results = new ResultWriter();
  readonly #notes = new ResultNotes();
  #isBusy = true;
  #isEnding = false;
  #isMemoryWatched = false;
  #lookedAtMemoryAt = 0;
  /** When the last call began. */
  #checkedAt = 0;

  constructor(channel: WorkerChannel) {
    this.#channel = channel;
  }

  async begin({ initializer, initArgs, isMemoryWatched }: PoolWorkerStart): Promise<void> {
    this.#isMemoryWatched = isMemoryWatched;
    // Ctrl-C reaches the whole group. What becomes of the pool then is its host's to say; its end is the workers' end.
    process.on('SIGINT', () => {});
    try {
      if (initializer !== null) await (await loadTarget(initializer))(...initArgs);
    } catch (error) {
      this.#results.begin();
      this.#addError(RESULT.cannotLoad, error);
      this.#channel.send(FROM_WORKER.cannotLoad, this.#finish(0, 0, 0));
      process.exit(1);
    }
    this.#channel.send(FROM_WORKER.ready, Buffer.alloc(0));
    this.#isBusy = false;
    void this.#work();
  }

  onFrame(type: number, body: Buffer): void {
    if (type === TO_WORKER.define) {
      this.#definitions.set(body.readUInt32LE(0), decodeValue(body.subarray(4), restoreHandle) as TargetOnWire);
    } else if (type === TO_WORKER.calls) {
      this.#messages.push(body);
    } else if (type === TO_WORKER.end) {
      this.#isEnding = true;
    }
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let body = this.#messages.shift(); body !== undefined; body = this.#messages.shift()) {
      await this.#make(new CallReader(body));
    }
    this.#isBusy = false;
    if (!this.#isEnding) return;
    await this.#channel.flushed();
    process.exit(0);
  }

  async #make(calls: CallReader): Promise<void> {
    const { frame, count } = calls;
    let from = 0;
    let begunAt = now();
    this.#results.begin();
    for (let index = 0; index < count; index += 1) {
      const call = calls.next();
      let fn = this.#functions.get(call.target);
      if (fn === undefined) {
        // What it takes to load is no work of a call, and another worker may try it if this one dies of it.
        if (index === 0) writeNote(progressNote({ loading: frame, started: frame - 1, from: 0 }));
        fn = await this.#load(call.target);
        begunAt = now();
      }
      if (index === 0) writeNote(progressNote({ loading: frame, started: frame, from: 0 }));
      // Only after something long can anybody have become impatient.
      const at = now();
      if (at - this.#checkedAt >= FLUSH_MS && this.#isWantedBack(frame)) {
        if (index > from) await this.#send(frame, from, at - begunAt);
        this.#giveBack(frame, index);
        return;
      }
      this.#checkedAt = at;
      if (fn !== undefined) {
        const pending = this.#call(fn, call);
        if (pending !== undefined) await pending;
      }
      if (index + 1 === count) break;
      const elapsedMs = now() - begunAt;
      const mayWait = elapsedMs < FLUSH_MS && this.#results.bytes < FLUSH_BYTES;
      if (mayWait && this.#notes.add(resultNote(this.#results, this.#lastStart, frame))) continue;
      await this.#send(frame, from, elapsedMs);
      from = index + 1;
      writeNote(progressNote({ loading: frame, started: frame, from }));
      begunAt = now();
      this.#results.begin();
    }
    await this.#send(frame, from, now() - begunAt);
  }

  /** Whether calls of this message that have not begun are to be made by somebody else. */
  #isWantedBack(frame: number): boolean {
    return notedNumberAt(REVOKED_AT) >= frame;
  }

  #giveBack(frame: number, index: number): void {
    const body = Buffer.alloc(8);
    body.writeUInt32LE(frame, 0);
    body.writeUInt32LE(index, 4);
    this.#channel.send(FROM_WORKER.gaveBack, body);
  }

  #lastStart = 0;

  async #load(target: number): Promise<AnyFunction | undefined> {
    try {
      const fn = await loadTarget(this.#definitions.get(target) as TargetOnWire);
      this.#functions.set(target, fn);
      return fn;
    } catch (error) {
      this.#addError(RESULT.cannotLoad, error);
      return undefined;
    }
  }

  /** @returns a promise only where there is something to wait for */
  #call(fn: AnyFunction, { kind, value }: CallOnWire): Promise<void> | undefined {
    try {
      const args = decodeValue(value, restoreHandle) as unknown[];
      if (kind !== CALL.single) return this.#callEach(fn, kind, args);
      const result: unknown = fn(...args);
      if (!isThenable(result)) {
        this.#add(RESULT.returned, result);
        return undefined;
      }
      return Promise.resolve(result).then(
        (settled) => this.#add(RESULT.returned, settled),
        (error: unknown) => this.#addError(RESULT.threw, error),
      );
    } catch (error) {
      this.#addError(RESULT.threw, error);
      return undefined;
    }
  }

  async #callEach(fn: AnyFunction, kind: number, items: readonly unknown[]): Promise<void> {
    const isEach = kind === CALL.each;
    let results: unknown[];
    try {
      results = await callEach(fn, { isStar: kind === CALL.starmap, isEach }, items);
    } catch (error) {
      this.#addError(RESULT.threw, error);
      return;
    }
    if (isEach) this.#addEach(results as EachResult[]);
    else this.#add(RESULT.returned, results);
  }

  #addEach(results: readonly EachResult[]): void {
    try {
      this.#lastStart = this.#results.add(RESULT.each, results, 'results');
    } catch {
      // Only those that cannot be sent are errors.
      this.#add(RESULT.each, sendable(results));
    }
  }

  #add(status: ResultStatus, value: unknown): void {
    try {
      this.#lastStart = this.#results.add(status, value, 'result');
    } catch (error) {
      this.#addError(RESULT.threw, error);
    }
  }

  #addError(status: ResultStatus, error: unknown): void {
    try {
      this.#lastStart = this.#results.add(status, error, 'error');
    } catch (why) {
      this.#lastStart = this.#results.add(status, why, 'error');
    }
  }

  #finish(frame: number, from: number, elapsedMs: number): Buffer {
    return this.#results.finish({
      frame,
      from,
      elapsedMs,
      memoryBytes: this.#isMemoryWatched ? this.#memoryBytes() : 0,
    });
  }

  /** 0 when it was looked at not long ago. */
  #memoryBytes(): number {
    const at = now();
    if (at - this.#lookedAtMemoryAt < MEMORY_MS) return 0;
    this.#lookedAtMemoryAt = at;
    return process.memoryUsage.rss();
  }

  /** The notes may be overwritten, and the buffer used again, when the results are with the kernel. */
  async #send(frame: number, from: number, elapsedMs: number): Promise<void> {
    this.#channel.send(FROM_WORKER.results, this.#finish(frame, from, elapsedMs));
    if (!this.#channel.isFlushed) await this.#channel.flushed();
  }
}
