import type { AttemptError, AttemptOutcome } from '../../core/pool/outcome.ts';
import { isErrorCode, RemoteError, SerializationError, TargetError, WorkerLostError } from '../../errors.ts';
import { RESULT, type ResultStatus } from '../../protocol/calls.ts';
import { targetText } from '../../protocol/target.ts';
import { decodeValue, encodeValue } from '../../protocol/values/codec.ts';
import type { RestoreHandle } from '../../protocol/values/handle.ts';
import { assertRemoteHandle } from '../../protocol/values/remote-handle.ts';
import type { Call } from '../workers/call.ts';

/** What is known of the worker of a call. */
export interface CallSeat {
  /** 0: not known. */
  readonly pid: number;
  readonly host: string | undefined;
  readonly stderrTail: string;
  readonly hasTimedOut: boolean;
}

const rejected = (call: Call, error: unknown): void => call.onFailure({ kind: 'rejected', error });

const isPair = (value: unknown): boolean => Array.isArray(value) && typeof value[0] === 'boolean';

/** Whether it is what such a call results in; who was the worker is not known. */
const hasForm = ({ kind, weight }: Call, value: unknown): boolean =>
  kind === 0 || (Array.isArray(value) && value.length === weight && (kind !== 3 || value.every(isPair)));

/** @throws SerializationError for JSON that is nested deeper than values cross */
const bytesOf = ({ result, value }: Extract<AttemptOutcome, { kind: 'returned' }>): Buffer =>
  value === undefined ? encodeValue(JSON.parse(result), 'result') : Buffer.from(value);

const resolved = (call: Call, outcome: Extract<AttemptOutcome, { kind: 'returned' }>, restore: RestoreHandle): void => {
  // What comes from elsewhere may name what is of this machine only; and reading it is cheap beside its way.
  const check: RestoreHandle = (description) => {
    assertRemoteHandle(description, 'result');
    return restore(description);
  };
  let bytes: Buffer;
  try {
    bytes = bytesOf(outcome);
    if (!hasForm(call, decodeValue(bytes, check)))
      throw new SerializationError('the result is not of its form', 'result');
  } catch (error) {
    rejected(call, error);
    return;
  }
  const status = call.kind === 3 ? RESULT.each : RESULT.returned;
  call.onResult({ status, bytes, start: 0, end: bytes.length, restore: check });
};

const lost = (call: Call, how: string, seat: CallSeat, end: { exitCode?: number; signal?: NodeJS.Signals }): void => {
  const { pid, host, stderrTail } = seat;
  const { exitCode = null, signal = null } = end;
  const where = host === undefined || host === '?' ? '' : ` on ${host}`;
  const message = `the worker${where} ${how} when it was at ${targetText(call.target.target)}`;
  rejected(call, new WorkerLostError(message, { pid, exitCode, signal, stderrTail }));
};

const failed = (call: Call, error: AttemptError, seat: CallSeat, restore: RestoreHandle): void => {
  const { code, message, thrown, exitCode } = error;
  if (thrown !== undefined) {
    const bytes = Buffer.from(thrown);
    const check: RestoreHandle = (description) => {
      assertRemoteHandle(description, 'error');
      return restore(description);
    };
    const status: ResultStatus = code === 'ERR_TARGET' ? RESULT.cannotLoad : RESULT.threw;
    call.onResult({ status, bytes, start: 0, end: bytes.length, restore: check });
  } else if (code === 'ERR_NO_RESULT') lost(call, 'ended (exit code 0)', seat, { exitCode: exitCode ?? 0 });
  else if (code === 'ERR_WORKER_LOST' || code === 'ERR_WORKER_SILENT') {
    rejected(call, new WorkerLostError(message, { ...seat, exitCode: null, signal: null }));
  } else if (code === 'ERR_TARGET') rejected(call, new TargetError(message));
  else if (isErrorCode(code)) rejected(call, new RemoteError(code, message));
  else rejected(call, new RemoteError('ERR_REMOTE', `${code}: ${message}`));
};

/** Gives a call what became of it elsewhere. @param restore makes references to what can be reached from everywhere */
export const answerCall = (call: Call, outcome: AttemptOutcome, seat: CallSeat, restore: RestoreHandle): void => {
  if (outcome.kind === 'returned') resolved(call, outcome, restore);
  else if (seat.hasTimedOut) {
    call.onTimeout();
    const worker = { pid: seat.pid, exitCode: null, signal: null, stderrTail: seat.stderrTail };
    call.onFailure({ kind: 'lost', worker, saidRubbish: false });
  } else if (outcome.kind === 'signaled') lost(call, `ended (${outcome.signal})`, seat, { signal: outcome.signal });
  else if (outcome.kind === 'exited') lost(call, `ended (exit code ${outcome.exitCode})`, seat, outcome);
  else failed(call, outcome, seat, restore);
};
