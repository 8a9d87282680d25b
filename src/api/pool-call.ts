import { CALL, RESULT, type ResultOnWire } from '../protocol/calls.ts';
import { decodeValueAt, ValueWriter } from '../protocol/values/codec.ts';
import type { Call, Failure, KnownTarget } from '../runtime/workers/call.ts';
import { restoreHandle } from './handles.ts';
import { failureError } from './pool-errors.ts';

export interface SingleSettings {
  readonly priority: number;
  readonly timeoutMs: number | undefined;
  readonly isAlone: boolean;
}

/** What most calls have. */
export const PLAIN: SingleSettings = { priority: 0, timeoutMs: undefined, isAlone: false };

/** Arguments are gathered in blocks of about this size. */
const BLOCK_BYTES = 64 * 1024;
let block = new ValueWriter(BLOCK_BYTES);

/**
 * One call, and its promise. A hundred thousand of them may wait at a time, so there is nothing to it that it could share: what
 * its rate was limited by was the collector of garbage.
 */
export class SingleCall implements Call {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  #hasTimedOut = false;

  /** @throws SerializationError when the arguments cannot cross */
  constructor(
    readonly target: KnownTarget,
    args: readonly unknown[],
    readonly resolve: (value: never) => void,
    readonly reject: (error: unknown) => void,
    readonly settings: SingleSettings,
  ) {
    if (block.length > BLOCK_BYTES / 2) block = new ValueWriter(BLOCK_BYTES);
    this.start = block.length;
    block.writeValue(args, 'args');
    this.end = block.length;
    this.bytes = block.storage;
  }

  get kind(): typeof CALL.single {
    return CALL.single;
  }

  get weight(): number {
    return 1;
  }

  get priority(): number {
    return this.settings.priority;
  }

  get timeoutMs(): number | undefined {
    return this.settings.timeoutMs;
  }

  get isAlone(): boolean {
    return this.settings.isAlone;
  }

  onTimeout(): void {
    this.#hasTimedOut = true;
  }

  onResult(result: ResultOnWire): void {
    const { status } = result;
    let decoded: unknown;
    try {
      decoded = decodeValueAt(result, result.restore ?? restoreHandle);
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
