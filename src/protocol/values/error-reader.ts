import { Malformed } from './byte-reader.ts';
import type { Decoder } from './decoder.ts';
import { errorPrototype } from './error-kinds.ts';

/** An error whose stack has not been looked for: the one it came with takes its place. */
const bareError = (): Error => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new Error();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};

/** Its own fields, in their order; that of the stack stays away if none came. */
const readFields = <E extends Error>(decoder: Decoder, error: E): E => {
  delete (error as { stack?: unknown }).stack;
  decoder.enter();
  for (let left = decoder.readUint32(); left > 0; left--) {
    const enumerable = decoder.readUint8() === 1;
    const key = decoder.readKey();
    const value = decoder.read();
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  }
  decoder.leave();
  return error;
};

export const readError = (decoder: Decoder): Error => {
  const prototype = errorPrototype(decoder.readUint8());
  if (prototype === undefined) throw new Malformed('has an error of no known class');
  return readFields(decoder, decoder.keep(Object.setPrototypeOf(bareError(), prototype) as Error));
};

export const readDomException = (decoder: Decoder): DOMException => {
  const message = decoder.readText();
  return readFields(decoder, decoder.keep(new DOMException(message, decoder.readText())));
};
