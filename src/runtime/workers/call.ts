import type { Pace } from '../../core/calls/pace.ts';
import type { LostWorker } from '../../errors.ts';
import type { CallToSend, ResultOnWire } from '../../protocol/calls.ts';
import type { TargetOnWire } from '../../protocol/worker-frames.ts';

/** A function that calls name, once for all of a pool. */
export interface KnownTarget {
  readonly number: number;
  readonly target: TargetOnWire;
  readonly pace: Pace;
  /** Workers that died while they loaded it, in a row. */
  lostLoading: number;
}

/** How a call ended that has no result. */
export type Failure =
  | { readonly kind: 'lost'; readonly worker: LostWorker; readonly saidRubbish: boolean }
  /** Three workers in a row have died while they loaded the function. */
  | { readonly kind: 'unloadable'; readonly worker: LostWorker }
  | { readonly kind: 'rejected'; readonly error: unknown };

/** One call, or several of one function that are made and answered together. */
export interface Call extends CallToSend {
  readonly target: KnownTarget;
  /** How many calls it is. */
  readonly weight: number;
  readonly priority: number;
  /** From its start in a worker; then the worker is ended. */
  readonly timeoutMs: number | undefined;
  /** Never in one message with others: only so it can be ended without them. */
  readonly isAlone: boolean;
  /** The limit has elapsed: the worker is being ended. */
  onTimeout(): void;
  onResult(result: ResultOnWire): void;
  onFailure(failure: Failure): void;
}

/** What calls are taken from as workers have room for them, so that their number can fit what is known of them by then. */
export interface CallSource {
  readonly target: KnownTarget;
  readonly priority: number;
  /** What is taken from it is never in one message with others, nor sent to anybody who is busy. */
  readonly isAlone: boolean;
  /** How many are left; infinite where nobody knows. */
  readonly left: number;
  /** There is nothing to take before somebody else does something. */
  readonly isWaiting: boolean;
  /** From now on it gives all it has, whether anybody reads the results or not. */
  openWide(): void;
  /** @param most calls, at least 1 @returns undefined when there is none now */
  take(most: number): Call | undefined;
  /** Nobody will ever take from it: what it has left is answered by this. */
  fail(error: unknown): void;
}
