// What a function returned, as JSON for `--json`: the same, or refused. Only what JSON.stringify would change without a
// word is refused; that members which are undefined are left out, and dates are text, everybody knows.
import { printable } from '../core/printable.ts';

export type JsonResult = { readonly json: string } | { readonly problem: string };

class NotJson extends Error {}

const refuse = (path: string, what: string): never => {
  throw new NotJson(`${path} is ${what}, which JSON does not have`);
};

const kindOf = (value: object): string => {
  const name = /^\[object (.+)\]$/.exec(Object.prototype.toString.call(value))?.[1] ?? 'object';
  return `${/^(?:[AEIO]|U(?!int))/.test(name) ? 'an' : 'a'} ${name}`;
};

const memberPath = (path: string, key: string): string =>
  /^[A-Za-z_$][\w$]{0,39}$/.test(key) ? `${path}.${key}` : `${path}[${printable(JSON.stringify(key.slice(0, 40)))}]`;

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

/** @param above objects that hold this one */
const check = (value: unknown, path: string, above: Set<object>): void => {
  if (typeof value === 'bigint') refuse(path, 'a BigInt');
  if (typeof value === 'number' && !Number.isFinite(value)) refuse(path, String(value));
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  if (above.has(value)) throw new NotJson(`${path} holds itself, which JSON cannot`);
  above.add(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) check(value[index], `${path}[${index}]`, above);
  } else {
    if (!isPlain(value)) refuse(path, kindOf(value));
    for (const [key, member] of Object.entries(value)) check(member, memberPath(path, key), above);
  }
  above.delete(value);
};

/**
 * @param value as it came from a worker: plain data, built-ins of JavaScript, errors
 * @returns JSON, `null` for undefined; or what is in the way, such as `result.sizes is a Map, which JSON does not have`
 */
export const jsonResult = (value: unknown): JsonResult => {
  try {
    check(value, 'result', new Set());
    return { json: JSON.stringify(value ?? null) };
  } catch (error) {
    if (error instanceof NotJson) return { problem: error.message };
    return { problem: `result cannot be written as JSON: ${(error as Error).message}` };
  }
};
