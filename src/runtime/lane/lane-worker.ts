import { FrameReader } from '../../protocol/frames.ts';
import { tasksBody } from '../../protocol/task-frames.ts';
import { encodeValue } from '../../protocol/values/codec.ts';
import { FROM_WORKER_TYPES, TO_WORKER } from '../../protocol/worker-frames.ts';
import type { Ending } from '../workers/hosted-process.ts';
import type { Definition } from './defined-functions.ts';
import type { LaneContext } from './lane-context.ts';
import { addNiceness } from './niceness.ts';
import { PipedWorker } from './piped-worker.ts';

/** Most calls end before; what one writes that lives longer is passed on as it comes. */
const FOLLOW_AFTER_MS = 10;

const SEEN_MS = 50;
/** What comes sooner after one call belongs to it as well as to the next. */
const DRAINED_MS = 10;

const DISMISS_MS = 1_000;
/** A worker whose channel has closed is about to end, or else has lost it and will never answer. */
const SILENT_MS = 1_000;

/** For its messages, and the names of its files and of its worker. */
export interface FunctionLaneNumbers {
  /** Among all lanes. */
  readonly lane: number;
  /** Among the workers: `PoolWorker-2`. */
  readonly worker: number;
}

export interface LaneWorkerPorts {
  /** Whether nothing more is to be passed on for now. */
  isPaused(): boolean;
  /** @param task number of the task that has written it, or of the one that comes next */
  onOutput(stream: 'stdout' | 'stderr', task: number, chunk: Buffer): void;
  /** May throw: then the worker has said what it does not say. */
  onFrame(type: number, body: Buffer): void;
  /** It has lost its channel, and is killed if it does not end by itself. */
  onSilent(): void;
  /** @param wasSilent it was killed since it had lost its channel */
  onEnd(ending: Ending, wasSilent: boolean): void;
}

/** The worker of a lane for functions, from its start to its end: what it is sent, and when its pipes are looked at. */
export class LaneWorker {
  readonly gone: Promise<void>;
  readonly #piped: PipedWorker;
  readonly #ports: LaneWorkerPorts;
  #follow: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #wasSilent = false;
  /** When its pipes were looked at, and when they were emptied last. */
  #seenAt = 0;
  #drainedAt = 0;
  #isNew = true;
  #hasGone = (): void => {};

  /** @throws Error when there is no worker to be had */
  constructor(context: LaneContext, { lane, worker: number }: FunctionLaneNumbers, ports: LaneWorkerPorts) {
    this.#ports = ports;
    const { runDirectory, directory, env, markPrefix, nice } = context;
    const path = (name: string): string => `${runDirectory}/${lane}.${name}`;
    const parent = { name: 'MainProcess', pid: process.pid };
    this.#piped = new PipedWorker(
      {
        paths: { stdout: path('stdout'), stderr: path('stderr') },
        directory,
        env: { ...env, PROCCTL_MARK: `${markPrefix}0.0/` },
        identity: { name: `PoolWorker-${number}`, path: [number], daemon: true, parent },
        onOutput: (stream, task, chunk) => ports.onOutput(stream, task, chunk),
      },
      {
        onFrame: (type, body) => ports.onFrame(type, body),
        onSilent: () => this.#onSilent(),
        onEnd: (ending) => this.#onEnd(ending),
      },
    );
    this.gone = new Promise((resolve) => {
      this.#hasGone = resolve;
    });
    try {
      addNiceness(this.pid, nice);
    } catch (error) {
      // Nobody will have it.
      this.#piped.hosted.kill('SIGKILL');
      void this.gone.then(() => this.#piped.close());
      throw error;
    }
  }

  get pid(): number {
    return this.#piped.hosted.pid;
  }

  get hasEnded(): boolean {
    return this.#piped.hosted.hasEnded;
  }

  /** Number of the task that it has begun last, whether it lives or not. */
  get begun(): number {
    return this.#piped.notes.begun;
  }

  /** Whether somebody has cleared TMPDIR. What it writes comes through nevertheless, so it need not be asked each time. */
  isCleared(): boolean {
    const now = performance.now();
    if (now - this.#seenAt < SEEN_MS) return false;
    this.#seenAt = now;
    return this.#piped.isRemoved;
  }

  /** @param first number of the first task; the others follow. @param values one for each task */
  send(definitions: readonly Definition[], first: number, values: readonly Buffer[]): void {
    // What a task left in the background has written in between is nobody's.
    if (this.#isNew) this.#isNew = false;
    else if (performance.now() - this.#drainedAt > DRAINED_MS || !this.#piped.isAt(first)) this.#piped.finish(first);
    const { hosted } = this.#piped;
    for (const { number, target } of definitions) {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(number);
      hosted.send(TO_WORKER.define, head, encodeValue(target));
    }
    hosted.send(TO_WORKER.tasks, tasksBody(first, values));
  }

  /** Passes on output as it comes, after a while. */
  followSoon(): void {
    this.#follow = setTimeout(() => this.#piped.follow(this.#ports.isPaused()), FOLLOW_AFTER_MS);
  }

  /** Not any more, if it was about to. */
  followNot(): void {
    clearTimeout(this.#follow);
  }

  /** For what is being passed on already. */
  setPaused(isPaused: boolean): void {
    this.#piped.setPaused(isPaused);
  }

  /** As that of `PipedWorker`. */
  finishTask(task: number, isMarked: boolean): void {
    this.#piped.finishTask(task, isMarked);
    this.#drainedAt = performance.now();
  }

  /** As that of `PipedWorker`. */
  finish(next: number): void {
    this.#piped.finish(next);
    this.#drainedAt = performance.now();
  }

  /** As that of `PipedWorker`. */
  takeBack(task: number): void {
    this.#piped.takeBack(task);
  }

  /** Tells, as `onFrame`, the answers that it holds back until it is done with more. */
  hearNotes(): void {
    const reader = new FrameReader(FROM_WORKER_TYPES, (type, body) => this.#ports.onFrame(type, body));
    try {
      reader.push(this.#piped.notes.answers);
    } catch {
      // Somebody has written into its notes. What the worker sends counts.
    }
  }

  /** Asks it to leave; one that does not (it is busy with what a task has left in it) is killed. */
  dismiss(): void {
    const { hosted } = this.#piped;
    hosted.send(TO_WORKER.end);
    const timer = setTimeout(() => hosted.kill('SIGKILL'), DISMISS_MS);
    void this.gone.then(() => clearTimeout(timer));
  }

  /** Who still holds its pipes is read on, into nothing. @returns does so at once */
  abandon(onDropped: (bytes: number) => void): () => void {
    return this.#piped.abandon(onDropped);
  }

  /** Resolves when it has ended. */
  leave(): Promise<void> {
    // It may wait for room in a pipe.
    this.#piped.follow(false);
    this.dismiss();
    return this.gone;
  }

  /** When it has ended. */
  close(): void {
    this.#piped.close();
  }

  #onSilent(): void {
    this.#silence = setTimeout(() => {
      this.#wasSilent = true;
      this.#piped.hosted.kill('SIGKILL');
    }, SILENT_MS);
    this.#ports.onSilent();
  }

  #onEnd(ending: Ending): void {
    clearTimeout(this.#silence);
    this.#hasGone();
    this.#ports.onEnd(ending, this.#wasSilent);
  }
}
