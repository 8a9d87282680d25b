import { inspect, types } from 'node:util';
import type { Encoder } from './encoder.ts';
import { type ErrorKind, isDomException } from './error-kinds.ts';
import { TAG } from './tags.ts';

/** What errors have without its being enumerable. */
const HIDDEN_KEYS = ['message', 'stack', 'cause', 'errors', 'name'];

const MAX_TEXT = 10_000;

/** In place of what cannot cross, where something has to stand. */
const textOf = (value: unknown): string => {
  try {
    // Inspecting an error would walk all its causes.
    if (types.isNativeError(value)) return String(value.stack).slice(0, MAX_TEXT);
    return inspect(value, { depth: 1, customInspect: false }).slice(0, MAX_TEXT);
  } catch {
    return 'something that cannot cross to another process';
  }
};

const read = (error: Error, key: string): unknown => {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined; // A getter, or Error.prepareStackTrace, that throws.
  }
};

/**
 * @returns whether it could cross; nothing has been written otherwise
 */
const tryWrite = (encoder: Encoder, write: () => void): boolean => {
  const mark = encoder.mark();
  try {
    write();
    return true;
  } catch {
    encoder.rollBack(mark);
    return false;
  }
};

const writeField = (encoder: Encoder, key: string, isEnumerable: boolean, value: unknown): boolean =>
  tryWrite(encoder, () => {
    encoder.out.writeUint8(isEnumerable ? 1 : 0);
    encoder.out.writeText(key);
    encoder.write(value);
  });

/** Items that cannot cross become text. */
const withTexts = (encoder: Encoder, items: readonly unknown[]): unknown[] =>
  Array.from(items, (item) => {
    const mark = encoder.mark();
    const canCross = tryWrite(encoder, () => encoder.write(item));
    encoder.rollBack(mark);
    return canCross ? item : textOf(item);
  });

/** A stand-in for the value of a field that cannot cross; undefined where the field is to be left out. */
const standIn = (encoder: Encoder, key: string, value: unknown): unknown => {
  if (key === 'errors' && Array.isArray(value)) return withTexts(encoder, value);
  return HIDDEN_KEYS.includes(key) ? textOf(value) : undefined;
};

/**
 * An error always crosses: of its own fields those that cannot are left out, and a cause that cannot becomes text.
 * Keys that are symbols are left out.
 */
export const writeError = (encoder: Encoder, error: Error, kind: ErrorKind): void => {
  const { out } = encoder;
  if (isDomException(kind)) {
    out.writeUint8(TAG.domException);
    out.writeText(String(error.message));
    out.writeText(String(error.name));
  } else {
    out.writeUint8(TAG.error);
    out.writeUint8(kind.number);
  }
  const countAt = out.length;
  out.writeUint32(0);
  let count = 0;
  const put = (key: string, isEnumerable: boolean, value: unknown): void => {
    if (writeField(encoder, key, isEnumerable, value)) count++;
    else {
      const instead = standIn(encoder, key, value);
      if (instead !== undefined && writeField(encoder, key, isEnumerable, instead)) count++;
    }
  };
  encoder.enter();
  for (const key of HIDDEN_KEYS) {
    const isOwn = Object.hasOwn(error, key);
    if (isOwn && !Object.prototype.propertyIsEnumerable.call(error, key)) put(key, false, read(error, key));
    else if (!isOwn && key === 'name' && kind.name !== undefined) put(key, false, kind.name);
  }
  for (const key of Object.keys(error)) put(key, true, read(error, key));
  encoder.leave();
  out.setUint32(countAt, count);
};
