import type { FunctionCall } from '../core/pool/task.ts';

// What a process and those it has started as workers say to each other.

/** From the host to a worker. */
export const TO_WORKER = {
  /** A value: `WorkerStart`. The first, and sent once. */
  start: 1,
  /** A function that calls, or tasks, will name: its number in four bytes, and a value: `TargetOnWire`. A task worker may be told another by the same number. */
  define: 2,
  /** Calls to be made one after the other: `CallWriter`. */
  calls: 3,
  /** Nothing more will come: the worker ends. */
  end: 4,
  /** Functions to be called, one after the other: `tasksBody`, of `TaskOnWire`s. The next come when these are answered. */
  tasks: 5,
} as const;

/** From a worker to its host. */
export const FROM_WORKER = {
  /** The worker has started, the initializer has run. */
  ready: 1,
  /** The target, or the initializer, cannot be loaded: a value, the error. This and all answers of a task have an `answerHeader` before it. */
  cannotLoad: 2,
  /** What the target of a process, or of a task, returned: a value. */
  returned: 3,
  /** What it threw: a value. */
  threw: 4,
  /** The results of calls: `ResultReader`. */
  results: 5,
  /** Calls that were wanted back and have not begun: the number of the message, and the index of the first. Of tasks: `tasksBackBody`. */
  gaveBack: 6,
  /** What a task returned cannot be sent: a value, the error that says why. */
  cannotReturn: 7,
} as const;

export const TO_WORKER_TYPES = 5;
export const FROM_WORKER_TYPES = 7;

/** A function of another process: an export of a module, or the text of a function that needs nothing around it. */
export type TargetOnWire =
  | { readonly kind: 'module'; readonly url: string; readonly exportName: string }
  | { readonly kind: 'source'; readonly source: string; readonly name: string };

/** Who a process is, to itself and to those it starts. */
export interface Identity {
  readonly name: string;
  /** Numbers of the process and of those that have led to it: Process-2:1 has [2, 1]. */
  readonly path: readonly number[];
  readonly daemon: boolean;
  readonly parent: { readonly name: string; readonly pid: number };
}

/** An output of a worker that is a pipe to its host, which nobody else has. */
export type OwnOutput = 'stdout' | 'stderr';

export interface ProcessStart {
  readonly kind: 'process';
  readonly identity: Identity;
  readonly ownOutputs: readonly OwnOutput[];
  readonly target: TargetOnWire;
  /** `args`, with `kwargs` as the last where they are given. */
  readonly args: readonly unknown[];
}

export interface PoolWorkerStart {
  readonly kind: 'pool-worker';
  readonly identity: Identity;
  readonly ownOutputs: readonly OwnOutput[];
  readonly initializer: TargetOnWire | null;
  readonly initArgs: readonly unknown[];
  /** Whether it is to say how much memory it has: a look takes as long as a hundred short calls. */
  readonly isMemoryWatched: boolean;
}

/** A worker of `procctl pool`, whose tasks are functions. */
export interface TaskWorkerStart {
  readonly kind: 'task-worker';
  readonly identity: Identity;
  readonly ownOutputs: readonly OwnOutput[];
  /** To be written to both outputs when a task has ended: `MarkReader`. */
  readonly mark: Uint8Array;
}

export type WorkerStart = ProcessStart | PoolWorkerStart | TaskWorkerStart;

/** One task of such a worker. */
export interface TaskOnWire {
  /** The number that the function was defined with. */
  readonly target: number;
  readonly args: readonly unknown[];
  /** How it is called; undefined: once, and what it returns is to be JSON. */
  readonly call: { readonly kind: FunctionCall['kind']; readonly value: Uint8Array | undefined } | undefined;
  /** Of `TASK_VARIABLES`: what the task, and what it starts, finds in its environment. */
  readonly env: readonly string[];
}
