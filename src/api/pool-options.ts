import { ProcctlError } from '../errors.ts';
import { REMOTE_SIZE } from '../protocol/remote/defaults.ts';
import { DEFAULT_QUEUE } from '../protocol/remote/keys.ts';
import type { RedisTarget } from '../protocol/remote/redis-target.ts';
import type { Target } from '../protocol/target.ts';
import { cpuCount } from './current.ts';
import { parseCount, parseTimeoutMs } from './options.ts';
import { parseConnectTimeoutMs, parseName, parseOn, refuseLocal } from './remote-options.ts';

/** Of a pool whose workers are processes of this program. */
export interface LocalPoolOptions {
  readonly on?: undefined;
  readonly queue?: undefined;
  readonly connectTimeoutMs?: undefined;
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

/** Of a pool whose calls are made by `procctl worker` on any number of machines. */
export interface RemotePoolOptions {
  /** The address of Redis or Valkey: `redis://host:port/db`, or `rediss://` for TLS. */
  readonly on: string;
  /** The queue there, the same for pools and workers. Default: `procctl`. */
  readonly queue?: string | undefined;
  /** Redis may be away for so long; then all that waits is rejected. Infinity: for ever. Default: 30 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Jobs in the queue or at work at a time. Default: 500. */
  readonly size?: number | undefined;
  /** For each call, from its start in a worker; then that worker is ended, and the call rejected. Default: none. */
  readonly timeoutMs?: number | undefined;
  readonly initializer?: undefined;
  readonly initArgs?: undefined;
  readonly maxTasksPerChild?: undefined;
  readonly maxMemoryBytes?: undefined;
}

export type PoolOptions = LocalPoolOptions | RemotePoolOptions;

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

export interface ParsedRemotePoolOptions {
  readonly target: RedisTarget;
  readonly queue: string;
  readonly key: string | undefined;
  readonly connectTimeoutMs: number;
  readonly size: number;
  readonly timeoutMs: number | undefined;
}

const WORKERS = 'workers are started by procctl worker, and serve other pools too;';
const OF_LOCAL_POOLS = {
  initializer: `${WORKERS} do what it does at the top of the module that has the function`,
  initArgs: `${WORKERS} pass what is needed with each call`,
  maxTasksPerChild: `${WORKERS} leave it out, or restart those workers`,
  maxMemoryBytes: `${WORKERS} limit them where they run, as by procctl spawn --memory-max -- procctl worker`,
};

export const isRemote = (options: PoolOptions): options is RemotePoolOptions => options.on !== undefined;

/** @throws ProcctlError ERR_OPTION; TypeError for what only processes of this machine have */
export const parseRemotePoolOptions = (options: RemotePoolOptions): ParsedRemotePoolOptions => {
  refuseLocal(options, OF_LOCAL_POOLS);
  const key = process.env.PROCCTL_QUEUE_KEY;
  return {
    target: parseOn(options.on),
    queue: optional(options.queue, (queue) => parseName(queue, 'queue')) ?? DEFAULT_QUEUE,
    key: key === '' ? undefined : key,
    connectTimeoutMs: parseConnectTimeoutMs(options.connectTimeoutMs),
    size: optional(options.size, (size) => parseCount(size, 'size')) ?? REMOTE_SIZE,
    timeoutMs: parseTimeoutMs(options.timeoutMs),
  };
};

/** @throws ProcctlError ERR_OPTION */
export const parsePoolOptions = (options: LocalPoolOptions): ParsedPoolOptions => {
  for (const name of ['queue', 'connectTimeoutMs'] as const) {
    if (options[name] === undefined) continue;
    throw new TypeError(`${name} goes with on: give the address of Redis, on: 'redis://host', or leave it out`);
  }
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
