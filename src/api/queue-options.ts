import type { Delivery, QueueRules } from '../core/queue/events.ts';
import { ProcctlError } from '../errors.ts';
import { DEFAULT_QUEUE } from '../protocol/remote/keys.ts';
import type { RedisTarget } from '../protocol/remote/redis-target.ts';
import { parseCount } from './options.ts';
import { parseConnectTimeoutMs, parseName, parseOn } from './remote-options.ts';

/** Of a queue that this process hosts. */
export interface LocalQueueOptions {
  readonly on?: undefined;
  readonly name?: undefined;
  readonly lockMs?: undefined;
  readonly connectTimeoutMs?: undefined;
  /** How many items there may be; `put` waits for room. Default: any number. */
  readonly maxSize?: number | undefined;
  /**
   * What becomes of an item whose consumer dies: `at-most-once` (default) loses what the consumer had been handed, and nothing
   * else; `at-least-once` gives it to another one, unless the consumer has said that it is done with it.
   */
  readonly delivery?: Delivery | undefined;
  /**
   * How many items a consumer may lose when it is killed, `at-most-once`. Default: 1, the one that it was handed last. With more, quick
   * consumers take items faster, since they need not note each before it is handed out.
   */
  readonly maxLost?: number | undefined;
}

/** Of a queue in Redis, the same for all processes that make one of this name. */
export interface RemoteQueueOptions {
  readonly maxLost?: undefined;
  /** The address of Redis or Valkey: `redis://host:port/db`, or `rediss://` for TLS. */
  readonly on: string;
  /** Letters, digits, `.`, `_`, `-`. */
  readonly name: string;
  /** How many items there may be, on all machines together; `put` waits for room. Default: any number. */
  readonly maxSize?: number | undefined;
  /** What becomes of an item whose consumer dies: as of a queue of one machine. Default: `at-most-once`. */
  readonly delivery?: Delivery | undefined;
  /** An item that its consumer has not said to be done with is given back when nothing was heard of that for so long. Default: 30 000. */
  readonly lockMs?: number | undefined;
  /** Redis may be away for so long; then all that waits is rejected. Infinity: for ever. Default: 30 000. */
  readonly connectTimeoutMs?: number | undefined;
}

export type QueueOptions = LocalQueueOptions | RemoteQueueOptions;

export type ParsedQueueOptions = QueueRules;

export interface ParsedRemoteQueueOptions {
  readonly target: RedisTarget;
  readonly name: string;
  readonly rules: QueueRules;
  readonly lockMs: number;
  readonly connectTimeoutMs: number;
}

const DEFAULT_LOCK_MS = 30_000;
/** A shorter one would be lost by every pause of the machine. */
const MIN_LOCK_MS = 1_000;

export const isRemoteQueue = (options: object): options is RemoteQueueOptions =>
  (options as Partial<RemoteQueueOptions>).on !== undefined;

const parseLockMs = (value: unknown): number => {
  const ms = parseCount(value ?? DEFAULT_LOCK_MS, 'lockMs');
  if (ms >= MIN_LOCK_MS && ms <= 3_600_000) return ms;
  throw new ProcctlError('ERR_OPTION', `lockMs must be from 1000 (a second) to 3600000 (an hour), got ${ms}`);
};

/** @throws ProcctlError ERR_OPTION */
export const parseRemoteQueueOptions = (options: RemoteQueueOptions, isJoinable: boolean): ParsedRemoteQueueOptions => {
  const target = parseOn(options.on);
  const name = parseName(options.name, 'name');
  if (name === DEFAULT_QUEUE) {
    throw new ProcctlError('ERR_OPTION', `name: ${name} is the queue of pools, whose workers would take the items`, {
      hint: 'take another name',
    });
  }
  return {
    target,
    name,
    rules: { ...parseRules(options, isJoinable), maxLost: refuseMaxLost(options) },
    lockMs: parseLockMs(options.lockMs),
    connectTimeoutMs: parseConnectTimeoutMs(options.connectTimeoutMs),
  };
};

const OF_REMOTE_QUEUES = ['name', 'lockMs', 'connectTimeoutMs'] as const;

/** @throws ProcctlError ERR_OPTION; TypeError for what only a queue in Redis has */
export const parseQueueOptions = (options: LocalQueueOptions, isJoinable: boolean): ParsedQueueOptions => {
  for (const name of OF_REMOTE_QUEUES) {
    if (options[name] === undefined) continue;
    throw new TypeError(`${name} goes with on: give the address of Redis, on: 'redis://host', or leave it out`);
  }
  const rules = parseRules(options, isJoinable);
  return { ...rules, maxLost: parseMaxLost(options.maxLost, rules.delivery) };
};

const parseMaxLost = (value: unknown, delivery: Delivery): number => {
  const maxLost = parseCount(value ?? 1, 'maxLost');
  if (maxLost === 1 || delivery === 'at-most-once') return maxLost;
  throw new TypeError(`maxLost goes with delivery: 'at-most-once': at least once, nothing is lost`);
};

const refuseMaxLost = ({ maxLost }: RemoteQueueOptions): 1 => {
  if (maxLost === undefined) return 1;
  throw new TypeError('maxLost does not go with on: leave it out, a queue in Redis is asked for each item');
};

const parseRules = (
  { maxSize, delivery }: Pick<RemoteQueueOptions, 'maxSize' | 'delivery'>,
  isJoinable: boolean,
): Omit<QueueRules, 'maxLost'> => {
  if (delivery !== undefined && delivery !== 'at-most-once' && delivery !== 'at-least-once') {
    throw new ProcctlError('ERR_OPTION', `delivery must be 'at-most-once' or 'at-least-once', got ${String(delivery)}`);
  }
  const isUnbounded = maxSize === undefined || maxSize === Number.POSITIVE_INFINITY;
  return {
    maxSize: isUnbounded ? Number.POSITIVE_INFINITY : parseCount(maxSize, 'maxSize'),
    delivery: delivery ?? 'at-most-once',
    isJoinable,
  };
};
