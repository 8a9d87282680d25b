import { CALL, RESULT, type ResultOnWire } from '../protocol/calls.ts';
import { decodeValue } from '../protocol/values/codec.ts';
import type { Call, Failure, KnownTarget } from '../runtime/workers/call.ts';
import { restoreHandle } from './handles.ts';
import { failureError } from './pool-errors.ts';

export interface SingleOptions {
  readonly priority: number;
  readonly timeoutMs: number | undefined;
  readonly isAlone: boolean;
}

/** One call, and its promise. */
export class SingleCall implements Call {
  readonly kind = CALL.single;
  readonly weight = 1;
  readonly priority: number;
  readonly timeoutMs: number | undefined;
  readonly isAlone: boolean;
  #hasTimedOut = false;

  constructor(
    readonly target: KnownTarget,
    readonly value: Buffer,
    readonly resolve: (value: never) => void,
    readonly reject: (error: unknown) => void,
    { priority, timeoutMs, isAlone }: SingleOptions,
  ) {
    this.priority = priority;
    this.timeoutMs = timeoutMs;
    this.isAlone = isAlone;
  }

  onTimeout(): void {
    this.#hasTimedOut = true;
  }

  onResult({ status, value }: ResultOnWire): void {
    let decoded: unknown;
    try {
      decoded = decodeValue(value, restoreHandle);
    } catch (error) {
      this.reject(error);
      return;
    }
    if (status === RESULT.returned) this.resolve(decoded as never);
    else this.reject(decoded);
  }

  onFailure(failure: Failure): void {
    this.reject(failureError(failure, this.target, this.#hasTimedOut ? this.timeoutMs : undefined));
  }
}
