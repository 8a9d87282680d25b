import type { WorkerLostError } from '../../errors.ts';
import type { Batch } from './batch.ts';

/**
 * `at-most-once`: what a consumer was handed is never handed out again. `at-least-once`: it is a lease until the consumer
 * says that it is done with it, and goes to another one when it dies before.
 */
export type Delivery = 'at-most-once' | 'at-least-once';

export interface QueueRules {
  /** How many items there may be; Infinity for any number. */
  readonly maxSize: number;
  readonly delivery: Delivery;
  /** How many items a consumer may lose when it is killed, at most once: what it notes of them may be that far ahead. */
  readonly maxLost: number;
  /** Whether `taskDone` is counted. */
  readonly isJoinable: boolean;
}

/** How far a consumer has come in what it was sent: all items with numbers below these. */
export interface Claims {
  /** Handed to the user; or, where several may be lost, about to be. */
  readonly taken: number;
  /** Done with. */
  readonly acked: number;
}

export interface Want extends Claims {
  /** Up to which delivery number somebody waits for an item. */
  readonly waiting: number;
  /** Up to which items may be sent. */
  readonly credit: number;
  /** How many of those who wait, since the last time, want to hear at once that there is nothing. */
  readonly polls: number;
}

export type QueueEffect =
  | { readonly tag: 'deliver'; readonly peer: number; readonly first: number; readonly batch: Batch }
  /** All puts of this peer up to that number are in the queue, those that were refused excepted. */
  | { readonly tag: 'accepted'; readonly peer: number; readonly last: number }
  | { readonly tag: 'refused'; readonly peer: number; readonly put: number }
  /** The consumer is to give back what it has not handed out. */
  | { readonly tag: 'recall'; readonly peer: number }
  /** There is nothing for so many that wanted to hear at once. */
  | { readonly tag: 'nothing'; readonly peer: number; readonly polls: number }
  | { readonly tag: 'closed'; readonly peer: number }
  /** Closed, and nothing will ever come. */
  | { readonly tag: 'ended'; readonly peer: number }
  | {
      readonly tag: 'joined';
      readonly peer: number;
      readonly call: number;
      readonly error: WorkerLostError | undefined;
    }
  /** Nobody needs the files of these items any more. */
  | { readonly tag: 'release'; readonly batch: Batch }
  /** Call `wake` after that time. */
  | { readonly tag: 'wake'; readonly inMs: number };
