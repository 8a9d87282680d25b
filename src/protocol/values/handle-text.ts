import type { ByteWriter } from './byte-writer.ts';
import { HANDLE, type Handle, type HandleDescription } from './handle.ts';
import { Refusal } from './refusal.ts';
import { TAG } from './tags.ts';

/** Whether JSON keeps it as it is; without cycles, which JSON.stringify has refused before. */
const isPlainJson = (value: unknown): boolean => {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'boolean':
      return true;
    case 'object': {
      if (value === null) return true;
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
      return Object.values(value).every(isPlainJson);
    }
    default:
      return false;
  }
};

/** @throws Refusal when what describes it is no plain JSON with a `kind` */
export const writeHandle = (out: ByteWriter, handle: Handle): void => {
  const description = handle[HANDLE]();
  const text = JSON.stringify(description);
  if (!isDescription(description) || !isPlainJson(description)) {
    throw new Refusal('is a handle whose description is not plain JSON with a `kind`');
  }
  out.writeUint8(TAG.handle);
  out.writeText(text);
};

export const isDescription = (value: unknown): value is HandleDescription =>
  typeof value === 'object' && value !== null && typeof (value as Partial<HandleDescription>).kind === 'string';
