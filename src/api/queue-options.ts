import type { Delivery, QueueRules } from '../core/queue/events.ts';
import { ProcctlError } from '../errors.ts';
import { parseCount } from './options.ts';

export interface QueueOptions {
  /** How many items there may be; `put` waits for room. Default: any number. */
  readonly maxSize?: number | undefined;
  /**
   * What becomes of an item whose consumer dies: `at-most-once` (default) loses what the consumer had been handed, and nothing
   * else; `at-least-once` gives it to another one, unless the consumer has said that it is done with it.
   */
  readonly delivery?: Delivery | undefined;
}

export type ParsedQueueOptions = QueueRules;

/** @throws ProcctlError ERR_OPTION */
export const parseQueueOptions = ({ maxSize, delivery }: QueueOptions, isJoinable: boolean): ParsedQueueOptions => {
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
