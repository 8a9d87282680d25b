import { EXIT } from './exit-status.ts';

export { EXIT, exitStatusOfSignal } from './exit-status.ts';

/** Every code a ProcctlError can carry, with the exit status the command line gives it. Codes are stable. */
const EXIT_STATUS_BY_CODE = {
  ERR_USAGE: EXIT.usage,
  ERR_POOL_SIZE: EXIT.usage,
  ERR_DURATION: EXIT.usage,
  ERR_HALT: EXIT.usage,
  ERR_INPUT: EXIT.usage,
  ERR_TASKS: EXIT.usage,
  ERR_JOURNAL: EXIT.usage,
  ERR_RUNTIME: EXIT.internal,
  /** It cannot be reached, or what is needed for it is not installed. */
  ERR_REDIS: EXIT.internal,
  /** There is no such batch, or it is not one that this can be done to. */
  ERR_BATCH: EXIT.usage,
  /** It was removed, or forgotten, while it was followed. */
  ERR_BATCH_LOST: EXIT.internal,
  ERR_RESULTS: EXIT.usage,
  ERR_RESULTS_LOST: EXIT.internal,
  ERR_HOME: EXIT.internal,
  ERR_DAEMON: EXIT.internal,
  /** It runs, but does not answer. */
  ERR_DAEMON_SILENT: EXIT.internal,
  ERR_DISK: EXIT.internal,
  ERR_START: EXIT.internal,
  ERR_NO_PROCESS: EXIT.failed,
  ERR_ENDED: EXIT.failed,
  ERR_SURVIVORS: EXIT.failed,
  ERR_PAUSE: EXIT.failed,
  ERR_TIMEOUT: EXIT.timedOut,
  ERR_REQUEST: EXIT.usage,
  ERR_NAME: EXIT.usage,
  ERR_NOT_FOUND: EXIT.notFound,
  ERR_NOT_EXECUTABLE: EXIT.notExecutable,
  ERR_CWD: EXIT.notExecutable,
  // Of the library only.
  ERR_OPTION: EXIT.usage,
  ERR_STATE: EXIT.internal,
  ERR_SERIALIZATION: EXIT.failed,
  ERR_TARGET: EXIT.failed,
  ERR_WORKER_LOST: EXIT.failed,
  ERR_POOL_CLOSED: EXIT.failed,
  ERR_QUEUE_FULL: EXIT.failed,
  ERR_QUEUE_EMPTY: EXIT.failed,
  ERR_QUEUE_CLOSED: EXIT.failed,
  ERR_BARRIER_BROKEN: EXIT.failed,
  // Of jobs in Redis.
  ERR_JOB: EXIT.failed,
  ERR_JOB_LOST: EXIT.failed,
  ERR_JOB_SIZE: EXIT.failed,
  ERR_NOT_ALLOWED: EXIT.failed,
  ERR_SIGNATURE: EXIT.failed,
  ERR_RESULT: EXIT.failed,
  ERR_OUTPUT_MAX: EXIT.failed,
  ERR_OUTPUT_LOST: EXIT.failed,
  /** What went wrong on another machine, and has no code of its own here. */
  ERR_REMOTE: EXIT.failed,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof EXIT_STATUS_BY_CODE;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(EXIT_STATUS_BY_CODE, text);

/**
 * The base of every error procctl throws on purpose.
 * Callers match on `code`; `hint`, when present, is the way out; what went wrong below is kept as `cause`.
 */
export class ProcctlError extends Error {
  override readonly name: string = 'ProcctlError';
  readonly hint: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    extra: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: extra.cause });
    this.hint = extra.hint;
  }

  get exitStatus(): number {
    return EXIT_STATUS_BY_CODE[this.code];
  }
}

interface Extra {
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A limit of time has elapsed. */
export class TimeoutError extends ProcctlError {
  override readonly name = 'TimeoutError';

  constructor(message: string, extra: Extra = {}) {
    super('ERR_TIMEOUT', message, extra);
  }
}

/** A value cannot cross to another process without losing something. */
export class SerializationError extends ProcctlError {
  override readonly name = 'SerializationError';

  /** @param path where the offender is in the value, such as `args[1].user.save`; '' is the value itself */
  constructor(
    message: string,
    readonly path: string,
    extra: Extra = {},
  ) {
    super('ERR_SERIALIZATION', message, extra);
  }
}

/** What was to run in another process cannot be loaded there. */
export class TargetError extends ProcctlError {
  override readonly name = 'TargetError';

  constructor(message: string, extra: Extra = {}) {
    super('ERR_TARGET', message, extra);
  }
}

/** How a process ended; one of `exitCode` and `signal` is null, both where nobody knows. */
export interface LostWorker {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last it wrote to standard error; '' where that was not captured. */
  readonly stderrTail: string;
}

/** A process ended before it had given the result it owed. */
export class WorkerLostError extends ProcctlError implements LostWorker {
  override readonly name = 'WorkerLostError';
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderrTail: string;

  constructor(message: string, { pid, exitCode, signal, stderrTail }: LostWorker, extra: Extra = {}) {
    super('ERR_WORKER_LOST', message, extra);
    this.pid = pid;
    this.exitCode = exitCode;
    this.signal = signal;
    this.stderrTail = stderrTail;
  }
}

/** The pool takes no more tasks, or was terminated before this one was done. */
export class PoolClosedError extends ProcctlError {
  override readonly name = 'PoolClosedError';

  constructor(message = 'the pool is closed', extra: Extra = {}) {
    super('ERR_POOL_CLOSED', message, extra);
  }
}

/** There is no room in the queue, or there was none in the time given. */
export class QueueFullError extends ProcctlError {
  override readonly name = 'QueueFullError';

  constructor(message = 'the queue is full', extra: Extra = {}) {
    super('ERR_QUEUE_FULL', message, extra);
  }
}

/** There is nothing in the queue, or nothing came in the time given. */
export class QueueEmptyError extends ProcctlError {
  override readonly name = 'QueueEmptyError';

  constructor(message = 'the queue is empty', extra: Extra = {}) {
    super('ERR_QUEUE_EMPTY', message, extra);
  }
}

/** The queue was closed, or the process that holds it is gone. */
export class QueueClosedError extends ProcctlError {
  override readonly name = 'QueueClosedError';

  constructor(message = 'the queue is closed', extra: Extra = {}) {
    super('ERR_QUEUE_CLOSED', message, extra);
  }
}

/** Redis cannot be reached (`ERR_REDIS`), or something that was put there was refused or lost. */
export class RemoteError extends ProcctlError {
  override readonly name = 'RemoteError';
}

/** Not all who were to come to a barrier can. */
export class BrokenBarrierError extends ProcctlError {
  override readonly name = 'BrokenBarrierError';

  constructor(message = 'the barrier is broken', extra: Extra = {}) {
    super('ERR_BARRIER_BROKEN', message, extra);
  }
}
