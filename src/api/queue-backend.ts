import type { HandleDescription } from '../protocol/values/handle.ts';
import type { WaitLimits } from '../runtime/broker/limits.ts';
import type { ParsedQueueOptions } from './queue-options.ts';

/** What a queue does, for one process: by a process that hosts it, or by Redis. */
export interface QueueBackend {
  readonly options: ParsedQueueOptions;
  /** @throws SerializationError, QueueFullError, QueueClosedError */
  put(item: unknown, limits: WaitLimits, isNowait: boolean): Promise<void>;
  /** @throws QueueEmptyError, QueueClosedError */
  get(limits: WaitLimits, isNowait: boolean): Promise<unknown>;
  /** As `get`, for an iterator. */
  next(): Promise<IteratorResult<unknown, undefined>>;
  /** @returns false for an item that was not handed out here, or is acknowledged already */
  ack(item: unknown): boolean;
  /** @returns false when it was called more often than there were items */
  taskDone(): Promise<boolean>;
  size(): Promise<number>;
  isFull(): Promise<boolean>;
  /** @throws TimeoutError, WorkerLostError */
  join(limits: WaitLimits): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
  /** @throws ProcctlError ERR_STATE where it goes with its host */
  remove(): Promise<void>;
  /** @param object the queue itself */
  describe(object: object): HandleDescription;
}

/** @throws the error, unless it is that of a closed queue */
export const endResult = (error: unknown): IteratorResult<never, undefined> => {
  if ((error as { readonly code?: unknown } | null)?.code === 'ERR_QUEUE_CLOSED')
    return { value: undefined, done: true };
  throw error;
};

export const itemResult = <T>(value: T): IteratorResult<T, undefined> => ({ value, done: false });
