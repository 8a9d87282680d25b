import type { EndMode } from '../../core/pool/events.ts';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { ProgressRecord, RemoteEnd } from '../../protocol/remote/end-record.ts';
import type { Attempt } from '../lane/attempt.ts';
import { PieceDigest } from './piece-digest.ts';
import { FORGED_OUTPUT } from './signature.ts';

type Stream = 'stdout' | 'stderr';

/** One piece of output, as it stands in a stream. */
export interface Piece {
  /** From 0. */
  readonly number: number;
  readonly stream: Stream;
  readonly chunk: Buffer;
}

const LOST: AttemptOutcome = {
  kind: 'error',
  code: 'ERR_OUTPUT_LOST',
  message: 'some of what it wrote was lost on the way: it was not read in time, or Redis has lost it',
};

/** One attempt that was put into the queue, as the submitter knows it. */
export class Submitted {
  readonly jobId: string;
  readonly attempt: Attempt;
  /** When it was last heard of, or put in, on the monotonic clock. */
  heardAt = performance.now();
  /** Settles when Redis has said whether it is in the queue; undefined: it was not put in. */
  added: Promise<unknown> | undefined;
  /** It is in the queue, as Redis has said. */
  isIn = false;
  /** How it is to be ended, if it is. */
  ending: EndMode | undefined;
  /** When that was asked for last, on the monotonic clock. */
  endingAt = 0;
  /** Where it runs; undefined: nowhere yet, as far as is known. */
  seat: ProgressRecord | undefined;
  /** The last piece that was read, by its id in the stream of this execution. */
  lastId = '0-0';
  #execution = 0;
  #pieces = 0;
  #digest: PieceDigest | undefined;
  #hasWritten = false;
  #end: RemoteEnd | undefined;
  #isSettled = false;

  /** @param isSealed its end is signed, and with it what it writes */
  constructor(jobId: string, attempt: Attempt, isSealed = false) {
    this.jobId = jobId;
    this.attempt = attempt;
    this.#digest = isSealed ? new PieceDigest() : undefined;
  }

  /** How often the job has been begun, as far as it has been heard of; 0: never. */
  get execution(): number {
    return this.#execution;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** How it ended is known, and only what it wrote is still on its way. */
  get hasEnd(): boolean {
    return this.#end !== undefined;
  }

  /** There is something in its stream that may have to be read. */
  get isToBeRead(): boolean {
    return !this.#isSettled && (this.seat?.streams === true || this.hasEnd);
  }

  /** It runs somewhere. */
  progress(seat: ProgressRecord): void {
    if (this.#isSettled || seat.execution < this.#execution) return;
    const isNew = this.seat?.execution !== seat.execution;
    this.seat = seat;
    if (seat.execution > this.#execution) this.#beginAnew(seat.execution);
    if (isNew) this.attempt.onStarted?.();
  }

  /** Its worker is lost; it waits for another one. */
  stalled(): void {
    this.seat = undefined;
  }

  read({ number, stream, chunk }: Piece): void {
    if (this.#isSettled) return;
    // Sent once more by a worker that was cut off before it had heard that it had come.
    if (number !== this.#pieces) return;
    this.#pieces += 1;
    this.#digest?.add(stream, chunk);
    this.#write(stream, chunk);
  }

  /** @returns whether all it wrote has come; if not, the rest has to be read first */
  ended(end: RemoteEnd): boolean {
    if (this.#isSettled) return true;
    this.#end = end;
    // Redis took one end: that execution counts, whatever has been said of others.
    if (end.execution > 0 && end.execution !== this.#execution) this.#beginAnew(end.execution);
    return this.#pieces >= end.chunks;
  }

  /** How many pieces it wrote, once its end is known. */
  get chunks(): number {
    return this.#end?.chunks ?? 0;
  }

  get isWhole(): boolean {
    return this.#end !== undefined && this.#pieces >= this.#end.chunks;
  }

  /** Tells its end, once. */
  settle(isOutputGiven = this.isWhole): void {
    const end = this.#end;
    if (this.#isSettled || end === undefined) return;
    for (const [letter, base64] of end.inline) {
      this.#write(letter === 'o' ? 'stdout' : 'stderr', Buffer.from(base64, 'base64'));
    }
    this.#isSettled = true;
    if (end.timedOutMs !== null) this.attempt.onTimeLimit?.(end.timedOutMs);
    const isForged = this.#digest !== undefined && end.chunks > 0 && this.#digest.hex !== end.sha256;
    const outcome = !isOutputGiven ? LOST : isForged ? FORGED_OUTPUT : end.outcome;
    const { durationMs, host } = end;
    this.attempt.onEnded(outcome, durationMs === undefined ? undefined : { durationMs, host });
  }

  /** Tells that it ended in a way that no worker has told. */
  fail(code: string, message: string): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.attempt.onEnded({ kind: 'error', code, message });
  }

  #write(stream: Stream, chunk: Buffer): void {
    this.#hasWritten = true;
    this.attempt.onData(stream, chunk);
  }

  #beginAnew(execution: number): void {
    if (this.#hasWritten) this.attempt.onBegunAnew?.();
    this.#hasWritten = false;
    this.#execution = execution;
    this.#pieces = 0;
    if (this.#digest !== undefined) this.#digest = new PieceDigest();
    this.lastId = '0-0';
  }
}
