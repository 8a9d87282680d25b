import type { Buffer } from 'node:buffer';

// What the processes that share a queue or a lock and the process that hosts it say to each other.

/** The number of an object among those of its host. */
export type ObjectId = number;

export type ToHost =
  /** First of all. `name` is also that of the peer's files in the directory of the host. */
  | { readonly tag: 'hello'; readonly object: 0; readonly text: { readonly name: string; readonly pid: number } }
  /** `slot`: where in its file the peer writes how far it has come; -1 for nowhere. */
  | { readonly tag: 'open'; readonly object: ObjectId; readonly slot: number }
  | { readonly tag: 'leave'; readonly object: ObjectId }
  | {
      readonly tag: 'put';
      readonly object: ObjectId;
      /** The number of the last of these items among the puts of this peer. */
      readonly last: number;
      readonly count: number;
      readonly isNowait: number;
      readonly bytes: Buffer;
    }
  | { readonly tag: 'withdraw'; readonly object: ObjectId; readonly put: number }
  | { readonly tag: 'noMorePuts'; readonly object: ObjectId }
  | {
      readonly tag: 'want';
      readonly object: ObjectId;
      readonly taken: number;
      readonly acked: number;
      readonly waiting: number;
      readonly credit: number;
      readonly polls: number;
    }
  | { readonly tag: 'giveBack'; readonly object: ObjectId; readonly from: number; readonly until: number }
  | { readonly tag: 'ack'; readonly object: ObjectId; readonly number: number }
  /** Asks for a `reply`. */
  | {
      readonly tag: 'call';
      readonly object: ObjectId;
      readonly call: number;
      readonly text: { readonly method: string; readonly params?: unknown };
    }
  /** Is no longer interested: a `reply` comes either way. */
  | { readonly tag: 'cancel'; readonly object: ObjectId; readonly call: number };

export type FromHost =
  | {
      readonly tag: 'deliver';
      readonly object: ObjectId;
      readonly first: number;
      readonly count: number;
      readonly bytes: Buffer;
    }
  | { readonly tag: 'accepted'; readonly object: ObjectId; readonly last: number }
  | { readonly tag: 'refused'; readonly object: ObjectId; readonly put: number }
  | { readonly tag: 'recall'; readonly object: ObjectId }
  | { readonly tag: 'nothing'; readonly object: ObjectId; readonly polls: number }
  | { readonly tag: 'closed'; readonly object: ObjectId }
  | { readonly tag: 'ended'; readonly object: ObjectId }
  /** These pieces of the peer's file of large items are free again: `encodePieces`. */
  | { readonly tag: 'freed'; readonly object: 0; readonly bytes: Buffer }
  | { readonly tag: 'reply'; readonly object: ObjectId; readonly call: number; readonly text: Reply };

export type Reply = { readonly value: unknown } | { readonly error: unknown };

export type Message = ToHost | FromHost;
