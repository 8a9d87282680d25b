import { restoreHandle } from '../api/handles.ts';
import { SerializationError } from '../errors.ts';
import type { AnyFunction } from '../protocol/target.ts';
import { readTasks, TASK_VARIABLES, tasksBackBody } from '../protocol/task-frames.ts';
import { begunNote, WANTED_BACK_AT } from '../protocol/task-notes.ts';
import { decodeValue, encodeValue } from '../protocol/values/codec.ts';
import type { HandleDescription } from '../protocol/values/handle.ts';
import { assertRemoteHandle } from '../protocol/values/remote-handle.ts';
import { FROM_WORKER, type TargetOnWire, type TaskOnWire, TO_WORKER } from '../protocol/worker-frames.ts';
import { callEach, type EachResult, sendable } from './call-each.ts';
import type { WorkerChannel } from './channel.ts';
import { encodeError } from './encode-error.ts';
import { HeldAnswers } from './held-answers.ts';
import { loadTarget } from './load-target.ts';
import { notedNumberAt, writeNote } from './notes.ts';
import { OwnMarks } from './own-marks.ts';

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

/** Functions may put clocks of their own in the place of these, as those do that test. */
const now = performance.now.bind(performance);
const nextTurn = setImmediate;

interface Ended {
  readonly type: number;
  readonly value: Buffer;
}

interface Task {
  readonly number: number;
  /** Those behind the first of a message may be wanted back. */
  readonly isFirst: boolean;
  readonly value: Buffer;
}

/**
 * Runs the function tasks of `procctl pool`, one after the other. What one writes is with the kernel at once, so before its result is;
 * and a mark in its outputs says where it ends, so the next can begin before anybody has read it.
 *
 * Whoever kills it between two tasks takes nothing with it: which task has begun, and the answers that are not sent, are noted in a
 * file in memory.
 */
export class TaskWorker {
  readonly #channel: WorkerChannel;
  readonly #marks: OwnMarks;
  readonly #answers: HeldAnswers;
  readonly #definitions = new Map<number, TargetOnWire>();
  readonly #functions = new Map<number, AnyFunction>();
  #tasks: Task[] = [];
  #isBusy = false;

  constructor(channel: WorkerChannel, mark: Uint8Array) {
    this.#channel = channel;
    this.#marks = new OwnMarks(mark);
    this.#answers = new HeldAnswers(channel);
  }

  onFrame(type: number, body: Buffer): void {
    if (type === TO_WORKER.define) {
      const number = body.readUInt32LE(0);
      // It may have meant another one, which nobody will name any more.
      this.#functions.delete(number);
      this.#definitions.set(number, decodeValue(body.subarray(4), restoreHandle) as TargetOnWire);
    } else if (type === TO_WORKER.tasks) {
      const { first, values } = readTasks(body);
      for (const [index, value] of values.entries()) {
        this.#tasks.push({ number: first + index, isFirst: index === 0, value });
      }
      void this.#work();
    } else if (type === TO_WORKER.end) process.exit(0);
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      await this.#make(task);
      // An error that nobody has caught ends this process here: it is no other task's.
      if (this.#tasks.length > 0) await new Promise((resolve) => nextTurn(resolve));
    }
    this.#isBusy = false;
  }

  async #make({ number, isFirst, value }: Task): Promise<void> {
    writeNote(begunNote(number));
    // After it is noted: the host wants it back first, and then looks whether it has begun.
    const wantedBack = isFirst ? 0 : this.#wantedBack();
    if (wantedBack >= number) {
      await this.#giveBack(number, wantedBack);
      return;
    }
    const task = decodeValue(value, restoreHandle) as TaskOnWire;
    for (let index = 0; index < TASK_VARIABLES.length; index += 1) {
      process.env[TASK_VARIABLES[index] as string] = task.env[index] as string;
    }
    const fn = this.#functions.get(task.target) ?? (await this.#load(task.target));
    const begunAt = now();
    const { type, value: answer } = typeof fn === 'function' ? await this.#call(fn, task) : fn;
    const elapsedMs = now() - begunAt;
    const isMarked = this.#marks.write();
    const flushed = this.#answers.add(type, { number, elapsedMs, isMarked }, answer, this.#tasks.length === 0);
    if (flushed !== undefined) await flushed;
    const last = this.#tasks.at(-1)?.number ?? 0;
    if (!isMarked && last > 0) await this.#giveBack(number + 1, last);
  }

  /** @returns number of the last task that is wanted back */
  #wantedBack(): number {
    return notedNumberAt(WANTED_BACK_AT);
  }

  /** What has come since those were wanted back stays, and what is on its way. */
  async #giveBack(first: number, last: number): Promise<void> {
    this.#tasks = this.#tasks.filter(({ number }) => number > last);
    writeNote(begunNote(first - 1));
    await this.#answers.flush(first - 1);
    this.#channel.send(FROM_WORKER.gaveBack, tasksBackBody({ first, last }));
  }

  async #call(fn: AnyFunction, task: TaskOnWire): Promise<Ended> {
    let value: unknown;
    try {
      value = await call(fn, task);
    } catch (error) {
      return { type: FROM_WORKER.threw, value: encodeError(error) };
    }
    try {
      return { type: FROM_WORKER.returned, value: encodeResult(value, task) };
    } catch (error) {
      return { type: FROM_WORKER.cannotReturn, value: encodeError(error) };
    }
  }

  /** @returns the answer of the task when it cannot be loaded */
  async #load(number: number): Promise<AnyFunction | Ended> {
    try {
      const fn = await loadTarget(this.#definitions.get(number) as TargetOnWire);
      this.#functions.set(number, fn);
      this.#definitions.delete(number);
      return fn;
    } catch (error) {
      return { type: FROM_WORKER.cannotLoad, value: encodeError(error) };
    }
  }
}
