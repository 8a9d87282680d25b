import { types } from 'node:util';
import { Refusal } from './refusal.ts';

const nameOf = (value: unknown): string | undefined => {
  try {
    const { name } = value as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
};

export const functionRefusal = (value: unknown): Refusal => {
  const name = nameOf(value);
  return new Refusal(
    `is a function${name === undefined ? '' : ` (${name})`}, and processes share no code`,
    'name it instead: { module, export } for a target, or send what it returns',
  );
};

export const symbolRefusal = (): Refusal =>
  new Refusal('is a symbol, and no two processes have the same one', 'send a string');

export const symbolKeyRefusal = (symbol: symbol): Refusal =>
  new Refusal(
    `has the key ${String(symbol)}, which would be lost`,
    'use a string as the key, or send { ...value } without it',
  );

interface Unsendable {
  readonly is: (value: object) => boolean;
  readonly problem: string;
  readonly hint?: string;
}

const UNSENDABLE: readonly Unsendable[] = [
  { is: types.isPromise, problem: 'is a Promise', hint: 'await it first' },
  {
    is: types.isSharedArrayBuffer,
    problem: 'is a SharedArrayBuffer, which processes cannot share',
    hint: 'copy it: new Uint8Array(shared).slice()',
  },
  { is: types.isWeakMap, problem: 'is a WeakMap', hint: 'send a Map' },
  { is: types.isWeakSet, problem: 'is a WeakSet', hint: 'send a Set' },
  { is: (value) => value instanceof WeakRef, problem: 'is a WeakRef', hint: 'send what deref() returns' },
  { is: types.isGeneratorObject, problem: 'is a generator', hint: 'send an array of what it yields: [...generator]' },
  { is: types.isArgumentsObject, problem: 'is an arguments object', hint: 'send an array: [...arguments]' },
  { is: types.isModuleNamespaceObject, problem: 'is a module', hint: 'send { ...module } without its functions' },
  { is: (value) => value instanceof URL, problem: 'is a URL', hint: 'send its href' },
];

const classNameOf = (object: object): string | undefined => {
  try {
    return nameOf(object.constructor);
  } catch {
    return undefined;
  }
};

export const classRefusal = (object: object): Refusal => {
  const found = UNSENDABLE.find(({ is }) => is(object));
  if (found !== undefined) return new Refusal(found.problem, found.hint);
  const name = classNameOf(object);
  const what = name === undefined || name === 'Object' ? 'has a prototype of its own' : `is a ${name}`;
  return new Refusal(
    `${what}, and would arrive as a plain object`,
    'send its data as a plain object, such as { ...value }, and make the instance again where it arrives',
  );
};

/** For a built-in that carries data beside its own: `map.total = 3`. */
export const extraFieldRefusal = (key: string): Refusal =>
  new Refusal(
    `has the property ${JSON.stringify(key)} of its own, which would be lost`,
    'send it beside: { value, more }',
  );
