import { ProcctlError, TargetError, TimeoutError, WorkerLostError } from '../errors.ts';
import { targetText } from '../protocol/target.ts';
import { decodeValue } from '../protocol/values/codec.ts';
import type { Failure, KnownTarget } from '../runtime/workers/call.ts';
import type { CannotStart } from '../runtime/workers/crew.ts';
import { restoreHandle } from './handles.ts';

const endText = ({ exitCode, signal }: { exitCode: number | null; signal: NodeJS.Signals | null }): string =>
  signal ?? (exitCode === null ? 'unknown' : `exit code ${exitCode}`);

/** What a call that has no result is rejected with. */
export const failureError = (failure: Failure, { target }: KnownTarget, timedOutMs?: number): unknown => {
  if (failure.kind === 'rejected') return failure.error;
  const { worker } = failure;
  if (timedOutMs !== undefined) return new TimeoutError(`${targetText(target)} took longer than ${timedOutMs} ms`);
  const lost = new WorkerLostError(
    failure.kind === 'lost' && failure.saidRubbish
      ? `the worker (pid ${worker.pid}) sent what is no message, and was ended, when it was at ${targetText(target)}`
      : `the worker (pid ${worker.pid}) ended (${endText(worker)}) when it was at ${targetText(target)}`,
    worker,
  );
  if (failure.kind === 'lost') return lost;
  return new TargetError(`${targetText(target)} cannot be loaded: three workers have ended while they loaded it`, {
    cause: lost,
  });
};

/** What calls are rejected with when no worker gets ready. */
export const cannotStartError = ({ encodedError, worker }: CannotStart): unknown => {
  if (encodedError === undefined) {
    const lost = new WorkerLostError(
      `the worker (pid ${worker.pid}) ended (${endText(worker)}) before it was ready`,
      worker,
    );
    return new TargetError('no worker can be started: three have ended before they were ready', { cause: lost });
  }
  try {
    const cause = decodeValue(encodedError, restoreHandle);
    if (cause instanceof TargetError) return cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    return new ProcctlError('ERR_TARGET', `no worker can be started: the initializer threw: ${text}`, { cause });
  } catch (cause) {
    return new TargetError('no worker can be started: the initializer threw', { cause });
  }
};
