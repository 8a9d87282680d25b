import { restoreHandle } from '../api/handles.ts';
import { SerializationError } from '../errors.ts';
import type { AnyFunction } from '../protocol/target.ts';
import { decodeValue, encodeValue } from '../protocol/values/codec.ts';
import type { HandleDescription } from '../protocol/values/handle.ts';
import { assertRemoteHandle } from '../protocol/values/remote-handle.ts';
import { FROM_WORKER, type TargetOnWire, type TaskOnWire, TO_WORKER } from '../protocol/worker-frames.ts';
import { callEach, type EachResult, sendable } from './call-each.ts';
import type { WorkerChannel } from './channel.ts';
import { encodeError } from './encode-error.ts';
import { loadTarget } from './load-target.ts';

/** What a job brings is taken for what it says on this machine only where that is meant for all machines. */
const restoreFromElsewhere = (description: HandleDescription): object => {
  assertRemoteHandle(description, 'args');
  return restoreHandle(description);
};

const call = (fn: AnyFunction, { args, call }: TaskOnWire): unknown => {
  const given =
    call?.value === undefined ? args : (decodeValue(Buffer.from(call.value), restoreFromElsewhere) as unknown[]);
  if (!Array.isArray(given)) throw new SerializationError('the arguments are no list', 'args');
  if (call === undefined || call.kind === 'single') return fn(...given);
  return callEach(fn, { isStar: call.kind === 'starmap', isEach: call.kind === 'each' }, given);
};

const encodeResult = (value: unknown, { call }: TaskOnWire): Buffer => {
  if (call?.kind !== 'each') return encodeValue(value, 'result');
  try {
    return encodeValue(value, 'results');
  } catch {
    // Only those that cannot be sent are errors.
    return encodeValue(sendable(value as EachResult[]), 'results');
  }
};

/** Runs the function tasks of `procctl pool`, one after the other. What one writes is with the kernel at once, so before its result is. */
export class TaskWorker {
  readonly #channel: WorkerChannel;
  readonly #functions = new Map<string, AnyFunction>();

  constructor(channel: WorkerChannel) {
    this.#channel = channel;
  }

  onFrame(type: number, body: Buffer): void {
    if (type === TO_WORKER.task) void this.#run(decodeValue(body, restoreHandle) as TaskOnWire);
    else if (type === TO_WORKER.end) process.exit(0);
  }

  async #run(task: TaskOnWire): Promise<void> {
    const { target, env } = task;
    this.#channel.send(FROM_WORKER.ready, Buffer.alloc(0));
    Object.assign(process.env, env);
    let fn: AnyFunction;
    try {
      fn = await this.#load(target);
    } catch (error) {
      this.#channel.send(FROM_WORKER.cannotLoad, encodeError(error));
      return;
    }
    let value: unknown;
    try {
      value = await call(fn, task);
    } catch (error) {
      this.#channel.send(FROM_WORKER.threw, encodeError(error));
      return;
    }
    let result: Buffer;
    try {
      result = encodeResult(value, task);
    } catch (error) {
      this.#channel.send(FROM_WORKER.cannotReturn, encodeError(error));
      return;
    }
    this.#channel.send(FROM_WORKER.returned, result);
  }

  async #load(target: TargetOnWire): Promise<AnyFunction> {
    const key = JSON.stringify(target);
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const fn = await loadTarget(target);
    this.#functions.set(key, fn);
    return fn;
  }
}
