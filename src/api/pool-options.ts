import { ProcctlError } from '../errors.ts';
import type { Target } from '../protocol/target.ts';
import { cpuCount } from './current.ts';
import { parseCount, parseTimeoutMs } from './options.ts';

export interface PoolOptions {
  /** Workers. Default: one for each CPU this process may use. */
  readonly size?: number | undefined;
  /** Runs in each worker before anything else does. */
  readonly initializer?: Target | undefined;
  readonly initArgs?: readonly unknown[] | undefined;
  /** A worker that has made so many calls is replaced. Default: never. */
  readonly maxTasksPerChild?: number | undefined;
  /** A worker whose resident memory is above this when it has finished something is replaced. Default: never. */
  readonly maxMemoryBytes?: number | undefined;
  /** For each call, from its start in a worker; then that worker is ended, and the call rejected. Default: none. */
  readonly timeoutMs?: number | undefined;
}

export interface RunOptions {
  /** Takes the call back, or ends the worker that makes it; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** From its start in a worker. Default: that of the pool. */
  readonly timeoutMs?: number | undefined;
  /** Higher goes first. Default: 0. */
  readonly priority?: number | undefined;
}

export interface MapOptions {
  /** Calls that a worker is sent at once. Default: as many as take about 2 ms, as measured. */
  readonly chunkSize?: number | undefined;
  /** Higher goes first. Default: 0. */
  readonly priority?: number | undefined;
  /** Gives up; what has begun is finished, and its result dropped. */
  readonly signal?: AbortSignal | undefined;
}

export interface ParsedPoolOptions {
  readonly size: number;
  readonly initializer: Target | undefined;
  readonly initArgs: readonly unknown[];
  readonly maxTasksPerChild: number | undefined;
  readonly maxMemoryBytes: number | undefined;
  readonly timeoutMs: number | undefined;
}

const optional = <T>(value: unknown, parse: (value: unknown) => T): T | undefined =>
  value === undefined ? undefined : parse(value);

/** @throws ProcctlError ERR_OPTION */
export const parsePriority = (value: unknown): number => {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new ProcctlError('ERR_OPTION', `priority must be a number, got ${String(value)}`);
};

/** @throws ProcctlError ERR_OPTION */
export const parsePoolOptions = (options: PoolOptions): ParsedPoolOptions => {
  const { initializer, initArgs = [] } = options;
  if (!Array.isArray(initArgs)) throw new ProcctlError('ERR_OPTION', 'initArgs must be a list');
  return {
    size: optional(options.size, (size) => parseCount(size, 'size')) ?? cpuCount(),
    initializer,
    initArgs,
    maxTasksPerChild: optional(options.maxTasksPerChild, (count) => parseCount(count, 'maxTasksPerChild')),
    maxMemoryBytes: optional(options.maxMemoryBytes, (bytes) => parseCount(bytes, 'maxMemoryBytes')),
    timeoutMs: parseTimeoutMs(options.timeoutMs),
  };
};
