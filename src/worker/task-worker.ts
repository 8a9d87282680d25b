import { restoreHandle } from '../api/handles.ts';
import type { AnyFunction } from '../protocol/target.ts';
import { decodeValue, encodeValue } from '../protocol/values/codec.ts';
import { FROM_WORKER, type TargetOnWire, type TaskOnWire, TO_WORKER } from '../protocol/worker-frames.ts';
import type { WorkerChannel } from './channel.ts';
import { encodeError } from './encode-error.ts';
import { loadTarget } from './load-target.ts';

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

  async #run({ target, args, env }: TaskOnWire): Promise<void> {
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
      value = await fn(...args);
    } catch (error) {
      this.#channel.send(FROM_WORKER.threw, encodeError(error));
      return;
    }
    let result: Buffer;
    try {
      result = encodeValue(value, 'result');
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
