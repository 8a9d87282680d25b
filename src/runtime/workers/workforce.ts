import type { TargetOnWire } from '../../protocol/worker-frames.ts';
import type { Call, CallSource, KnownTarget } from './call.ts';

export interface Counts {
  /** Calls that were answered, be it with an error. */
  completed: number;
  /** Workers that died at a call. */
  lostWorkers: number;
  /** Workers that were started. */
  started: number;
}

/** A worker, as it is seen from outside. */
export interface MemberView {
  readonly pid: number;
  readonly isReady: boolean;
  /** Calls that it has. */
  readonly owed: number;
}

/** Who makes the calls of a pool: processes of this machine, or whoever takes jobs from a queue. */
export interface Workforce {
  readonly counts: Counts;
  /** Empty where nobody knows them. */
  readonly members: readonly MemberView[];
  /** Calls that nobody has; not those of sources. */
  readonly queued: number;
  /** Calls that somebody has, or may have. */
  readonly running: number;
  readonly isOpen: boolean;
  /** @param key the same for the same function */
  know(key: string, target: TargetOnWire): KnownTarget;
  submit(call: Call): void;
  /** Calls are taken from it until it is removed. */
  addSource(source: CallSource): void;
  removeSource(source: CallSource): void;
  /** A source has something again. */
  wake(): void;
  /** Takes back a call that waits, or ends the one that is made; the call is answered by that. */
  cancel(call: Call, error: unknown): void;
  /** Takes no more calls. */
  close(): void;
  /** Ends all, and answers every call with `PoolClosedError`. */
  terminate(): void;
  /** Resolves when all is over, which is after `close` or `terminate`. */
  ended(): Promise<void>;
}
