import { types } from 'node:util';
import {
  PoolClosedError,
  ProcctlError,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  RemoteError,
  SerializationError,
  TargetError,
  TimeoutError,
  WorkerLostError,
} from '../../errors.ts';

interface ErrorClass {
  readonly name: string;
  readonly prototype: Error;
}

/** The classes that errors keep; the place in the list is the number. Those after `Error` win over it. */
const ERROR_CLASSES: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  ProcctlError,
  PoolClosedError,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  SerializationError,
  TargetError,
  TimeoutError,
  WorkerLostError,
  RemoteError,
];

/** Classes of JavaScript itself, which other realms have too. */
const BUILTIN_COUNT = 8;

export interface ErrorKind {
  /** Of the nearest class that the other side has too. */
  readonly number: number;
  /** What it is to be called there, where the class itself does not say it. */
  readonly name: string | undefined;
}

const DOM_EXCEPTION = -1;

const numberOfPrototype = (prototype: object): number => {
  const own = ERROR_CLASSES.findIndex((each) => each.prototype === prototype);
  if (own !== -1) return own;
  const { value } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {};
  const isOurs = Error.prototype === prototype || Object.prototype.isPrototypeOf.call(Error.prototype, prototype);
  return isOurs ? -1 : ERROR_CLASSES.findIndex((each, number) => number < BUILTIN_COUNT && each.name === value?.name);
};

const textOf = (read: () => unknown): string | undefined => {
  try {
    const text = read();
    return typeof text === 'string' && text !== '' ? text : undefined;
  } catch {
    return undefined;
  }
};

/** What it calls itself; where that is only what its base is called, the name of its class. */
const nameOf = (error: Error, base: ErrorClass, isExact: boolean): string | undefined => {
  const name = textOf(() => error.name);
  if (isExact || (name !== undefined && name !== textOf(() => base.prototype.name))) return name;
  const className = textOf(() => error.constructor.name);
  // Node's own errors are of nameless subclasses.
  return className === undefined || className === 'NodeError' ? name : className;
};

/** @returns undefined for what is no error */
export const errorKindOf = (object: object): ErrorKind | undefined => {
  if (object instanceof DOMException) return { number: DOM_EXCEPTION, name: undefined };
  if (!types.isNativeError(object) && !(object instanceof Error)) return undefined;
  let isExact = true;
  for (let at: object | null = Object.getPrototypeOf(object); at !== null; at = Object.getPrototypeOf(at)) {
    const number = numberOfPrototype(at);
    if (number !== -1) {
      const base = ERROR_CLASSES[number] as ErrorClass;
      const name = nameOf(object as Error, base, isExact);
      return { number, name: name === base.prototype.name ? undefined : name };
    }
    isExact = false;
  }
  return { number: 0, name: undefined };
};

export const isDomException = ({ number }: ErrorKind): boolean => number === DOM_EXCEPTION;

/** @returns undefined for a number that is none */
export const errorPrototype = (number: number): Error | undefined => ERROR_CLASSES[number]?.prototype;
