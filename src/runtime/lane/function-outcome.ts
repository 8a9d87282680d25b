import { inspect } from 'node:util';
import type { AttemptError, AttemptOutcome } from '../../core/pool/outcome.ts';
import { SerializationError } from '../../errors.ts';
import { exactJson } from '../../protocol/exact-json.ts';
import { jsonResult } from '../../protocol/json-result.ts';
import { decodeValue, encodeValue } from '../../protocol/values/codec.ts';
import type { HandleDescription } from '../../protocol/values/handle.ts';
import { assertRemoteHandle, ReachableHandle } from '../../protocol/values/remote-handle.ts';
import { FROM_WORKER } from '../../protocol/worker-frames.ts';
import type { Ending } from '../workers/hosted-process.ts';

/** How a call ended, and what is to be added to the standard error of its task: the stack of an error. */
export interface Answer {
  readonly outcome: AttemptOutcome;
  readonly words: string;
}

const ANSWERS: readonly number[] = [
  FROM_WORKER.returned,
  FROM_WORKER.threw,
  FROM_WORKER.cannotLoad,
  FROM_WORKER.cannotReturn,
];

export const isAnswer = (type: number): boolean => ANSWERS.includes(type);

const refuseHandle = ({ kind }: { readonly kind: string }): never => {
  const message = `result holds a ${kind}, which JSON does not have`;
  throw new SerializationError(message, 'result');
};

const error = (code: string, message: string): AttemptError => ({ kind: 'error', code, message });

const withHint = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  const { hint } = thrown as { readonly hint?: unknown };
  return typeof hint === 'string' ? `${thrown.message}; ${hint}` : thrown.message;
};

const returned = (value: unknown): Answer => {
  const result = jsonResult(value);
  if ('json' in result) return { outcome: { kind: 'returned', result: result.json }, words: '' };
  return { outcome: error('ERR_RESULT', result.problem), words: '' };
};

const threw = (thrown: unknown): Answer => {
  const words = `${inspect(thrown)}\n`;
  if (!(thrown instanceof Error)) {
    return {
      outcome: error('ERR_THREW', `threw ${inspect(thrown, { breakLength: Number.POSITIVE_INFINITY })}`),
      words,
    };
  }
  const { name, message } = thrown;
  return { outcome: { ...error('ERR_THREW', message), name }, words };
};

const cannotLoad = (thrown: unknown): Answer => {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return {
    outcome: error('ERR_TARGET', withHint(thrown)),
    words: cause === undefined ? '' : `${inspect(cause)}\n`,
  };
};

/** A reference reaches as far as the machine does, but for what is itself in Redis. */
const checkHandle = (description: HandleDescription): object => {
  assertRemoteHandle(description, 'result');
  return new ReachableHandle();
};

/** What a call of the library ended with: exactly that. */
const exactAnswer = (type: number, body: Buffer): Answer => {
  let value: unknown;
  try {
    value = decodeValue(body, checkHandle);
  } catch (why) {
    const { message } = why as Error;
    return { outcome: { ...error('ERR_RESULT', message), thrown: encodeValue(why) }, words: '' };
  }
  if (type !== FROM_WORKER.returned) {
    const code =
      type === FROM_WORKER.threw ? 'ERR_THREW' : type === FROM_WORKER.cannotLoad ? 'ERR_TARGET' : 'ERR_RESULT';
    const words = value instanceof Error ? { name: value.name, message: value.message } : { message: inspect(value) };
    return { outcome: { ...error(code, words.message), ...words, thrown: Buffer.from(body) }, words: '' };
  }
  const json = exactJson(value);
  const exact = json === undefined ? { result: 'null', value: Buffer.from(body) } : { result: json };
  return { outcome: { kind: 'returned', ...exact }, words: '' };
};

/**
 * @param type one of those that `isAnswer` knows
 * @param body from the worker
 * @param isExact values cross as they are; else as JSON, or not
 */
export const answerOf = (type: number, body: Buffer, isExact = false): Answer => {
  if (isExact) return exactAnswer(type, body);
  let value: unknown;
  try {
    value = decodeValue(body, refuseHandle);
  } catch (why) {
    return { outcome: error('ERR_RESULT', (why as Error).message), words: '' };
  }
  if (type === FROM_WORKER.returned) return returned(value);
  if (type === FROM_WORKER.threw) return threw(value);
  if (type === FROM_WORKER.cannotLoad) return cannotLoad(value);
  return { outcome: error('ERR_RESULT', withHint(value)), words: '' };
};

/**
 * What the end of a worker means for the call that it had.
 *
 * @param wasSilent it had closed its channel and lived on, so it was killed
 */
export const outcomeOfEnding = ({ exitCode, signal, saidRubbish }: Ending, wasSilent: boolean): AttemptOutcome => {
  if (wasSilent) {
    return error('ERR_WORKER_LOST', 'something closed descriptor 3, by which the worker speaks with procctl');
  }
  if (saidRubbish) {
    return error('ERR_WORKER_LOST', 'something wrote to descriptor 3, by which the worker speaks with procctl');
  }
  if (signal !== null) return { kind: 'signaled', signal };
  if (exitCode === null) return error('ERR_WORKER_LOST', 'its worker is gone, and nobody knows how it ended');
  if (exitCode !== 0) return { kind: 'exited', exitCode };
  return { ...error('ERR_NO_RESULT', 'exit code 0 before the function had returned'), exitCode };
};
