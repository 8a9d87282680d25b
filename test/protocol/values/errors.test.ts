// Errors always arrive, as what they are.
import { existsSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  PoolClosedError,
  ProcctlError,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  SerializationError,
  TargetError,
  TimeoutError,
  WorkerLostError,
} from '../../../src/errors.ts';
import { crossed } from './values.ts';

const lost = { pid: 42, exitCode: null, signal: 'SIGKILL', stderrTail: 'last words' } as const;

const ERRORS: readonly Error[] = [
  new Error('a'),
  new TypeError('a'),
  new RangeError('a'),
  new SyntaxError('a'),
  new ReferenceError('a'),
  new EvalError('a'),
  new URIError('a'),
  new AggregateError([new TypeError('b'), 1], 'a'),
  new ProcctlError('ERR_STATE', 'a', { hint: 'b', cause: new Error('c') }),
  new TimeoutError('a'),
  new SerializationError('a', 'args[1]'),
  new TargetError('a'),
  new WorkerLostError('a', lost),
  new PoolClosedError(),
  new QueueFullError(),
  new QueueEmptyError(),
  new QueueClosedError(),
];

const thrownBy = (run: () => void): Error => {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not throw');
};

describe('an error', () => {
  it.each(ERRORS.map((error) => [error.constructor.name, error] as const))('arrives as %s', (_name, error) => {
    const arrived = crossed(error);
    expect(Object.getPrototypeOf(arrived)).toBe(Object.getPrototypeOf(error));
    expect(arrived).toStrictEqual(error);
    expect(Object.keys(arrived)).toEqual(Object.keys(error));
    expect(Object.prototype.toString.call(arrived)).toBe('[object Error]');
    for (const key of ['name', 'message', 'stack', 'cause', 'errors', 'exitStatus'] as const) {
      expect((arrived as never)[key]).toEqual(error[key as never]);
      expect(Object.hasOwn(arrived, key)).toBe(Object.hasOwn(error, key));
    }
  });

  it('keeps the stack it was made with', () => {
    const error = new Error('here');
    expect(crossed(error).stack).toBe(error.stack);
    expect(Error.stackTraceLimit).toBeGreaterThan(0);
  });
  it('keeps a cause of any kind, also undefined and none', () => {
    for (const cause of [1, null, undefined, { a: new Date(1) }, new RangeError('x')]) {
      expect(crossed(new Error('a', { cause })).cause).toStrictEqual(cause);
      expect(Object.hasOwn(crossed(new Error('a', { cause })), 'cause')).toBe(true);
    }
    expect(Object.hasOwn(crossed(new Error('a')), 'cause')).toBe(false);
  });
  it('may be its own cause, or hold itself in a field', () => {
    const error: Error & { self?: unknown; cause?: unknown } = new Error('a');
    error.cause = { error };
    error.self = [error];
    const arrived = crossed(error);
    expect((arrived.cause as { error: unknown }).error).toBe(arrived);
    expect((arrived.self as unknown[])[0]).toBe(arrived);
  });
  it('arrives once if it is there twice', () => {
    const error = new Error('a');
    const [first, second] = crossed([error, { error }] as const);
    expect((second as { error: Error }).error).toBe(first);
  });
  it('of the system keeps code, errno, syscall and path', () => {
    const error = thrownBy(() => readFileSync('/nowhere/at/all'));
    expect(existsSync('/nowhere/at/all')).toBe(false);
    expect({ ...crossed(error) }).toEqual({ ...error });
    expect(crossed(error).message).toBe(error.message);
  });
  it('of Node keeps its class, name and code', () => {
    const error = thrownBy(() => Buffer.alloc('x' as never));
    const arrived = crossed(error);
    expect(arrived).toBeInstanceOf(TypeError);
    expect(arrived).toMatchObject({ name: error.name, code: 'ERR_INVALID_ARG_TYPE', stack: error.stack });
  });
  it('of a subclass arrives as the nearest known class, with its name and fields', () => {
    class HttpError extends RangeError {
      status = 404;
    }
    class Gone extends HttpError {
      override name = 'GoneError';
    }
    class Busy extends QueueFullError {}
    expect(crossed(new HttpError('a'))).toMatchObject({ name: 'HttpError', message: 'a', status: 404 });
    expect(Object.getPrototypeOf(crossed(new HttpError('a')))).toBe(RangeError.prototype);
    expect(crossed(new Gone('a')).name).toBe('GoneError');
    expect(crossed(new Busy())).toBeInstanceOf(QueueFullError);
  });
  it('of a name on a prototype, or made without a class, arrives with its name', () => {
    const Old = function (this: Error) {} as unknown as new () => Error;
    Old.prototype = Object.create(Error.prototype, { constructor: { value: Old }, name: { value: 'OldError' } });
    expect(crossed(new Old())).toMatchObject({ name: 'OldError' });
    expect(crossed(new Old())).toBeInstanceOf(Error);
  });
  it('of another realm arrives as one of ours', () => {
    const arrived = crossed(runInNewContext('Object.assign(new TypeError("a"), { b: [1] })'));
    expect(arrived).toBeInstanceOf(TypeError);
    expect(arrived).toMatchObject({ message: 'a', b: [1] });
  });
  it('of the DOM, such as that of an aborted signal, stays one', () => {
    const controller = new AbortController();
    controller.abort();
    const arrived = crossed(controller.signal.reason);
    expect(arrived).toBeInstanceOf(DOMException);
    expect(arrived).toMatchObject({ name: 'AbortError', code: 20, stack: controller.signal.reason.stack });
  });
});

describe('promise 9: what an error has that cannot cross', () => {
  it('is left out where it is a field of its own, and the error arrives', () => {
    class Socket {}
    const error = Object.assign(new Error('a'), {
      before: { same: 1 },
      retry: () => 1,
      socket: new Socket(),
      request: { url: '/', deep: [{ same: 1, socket: new Socket() }] },
      [Symbol('s')]: 1,
      after: { same: 2 },
    });
    const arrived = crossed([error, { same: 3 }] as const);
    expect({ ...arrived[0] }).toEqual({ before: { same: 1 }, after: { same: 2 } });
    expect(arrived[1]).toEqual({ same: 3 });
  });
  it('leaves no trace among many objects that are met again', () => {
    const objects = Array.from({ length: 50 }, (_, i) => ({ [`key${i % 7}`]: i }));
    const error = Object.assign(new Error('a'), { bad: [...objects, () => 1], some: objects.slice(0, 20) });
    const arrived = crossed({ first: objects.slice(0, 5), error, objects });
    expect(arrived.objects).toEqual(objects);
    expect((arrived.error as unknown as { some: unknown[] }).some[19]).toBe(arrived.objects[19]);
    expect(arrived.first[4]).toBe(arrived.objects[4]);
  });
  it('is text where it is the cause, or one of several errors', () => {
    expect(crossed(new Error('a', { cause: { run() {}, code: 5 } })).cause).toMatch(/code: 5/);
    const arrived = crossed(new AggregateError([new Error('b'), () => 1, 3], 'a'));
    expect(arrived.errors).toEqual([new Error('b'), expect.stringContaining('Function'), 3]);
  });
  it('is not read if reading throws', () => {
    const error = Object.defineProperty(new Error('a'), 'broken', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    expect(crossed(error).message).toBe('a');
  });
  it('cuts a chain of causes that is too long, and ends it in text', () => {
    let error = new Error('0');
    for (let i = 1; i < 5000; i++) error = new Error(String(i), { cause: error });
    let at: unknown = crossed(error);
    let length = 0;
    while (at instanceof Error) {
      length++;
      at = at.cause;
    }
    expect(length).toBeGreaterThan(200);
    expect(at).toMatch(/Error/);
  });
});
