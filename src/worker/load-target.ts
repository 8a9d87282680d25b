import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { setLoading } from '../api/identity.ts';
import { ProcctlError, TargetError } from '../errors.ts';
import { type AnyFunction, targetText } from '../protocol/target.ts';
import type { TargetOnWire } from '../protocol/worker-frames.ts';

/** No URL and no absolute path: then what such a function imports is looked for from the current directory. */
const FUNCTION_FILE = 'procctl-function';

/** Compilers that keep names put calls of this into functions. */
const HELPERS = 'const __name = (fn) => fn;';

const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;

/** Node warns once that such imports are experimental, which is nothing that users could do anything about. */
const useUpWarning = (): void => {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    new vm.Script("import('node:buffer')", { importModuleDynamically }).runInThisContext();
  } finally {
    process.emitWarning = emitWarning;
  }
};

const compile = (source: string, name: string): AnyFunction => {
  const filename = name === '' ? FUNCTION_FILE : `${FUNCTION_FILE}/${name}`;
  const options = { filename, importModuleDynamically };
  if (/\bimport\b/.test(source)) useUpWarning();
  const run = (text: string): unknown =>
    new vm.Script(`"use strict";(() => {${HELPERS}return ${text}\n})()`, options).runInThisContext();
  try {
    return run(`(${source})`) as AnyFunction;
  } catch (error) {
    // A method has no `function` in front, so it only stands as a member of an object.
    try {
      const members = run(`({${source}})`) as Record<string, AnyFunction>;
      return Object.values(members)[0] as AnyFunction;
    } catch {
      throw error;
    }
  }
};

const FREE_VARIABLE = /^(\S+) is not defined$/;

/** Says why a variable is not there: the function's own text is all that came. */
const explained = (error: unknown): unknown => {
  if (!(error instanceof ReferenceError)) return error;
  const name = FREE_VARIABLE.exec(error.message)?.[1];
  const where = error.stack?.split('\n').find((line) => /^\s+at /.test(line));
  if (name === undefined || where?.includes(FUNCTION_FILE) !== true) return error;
  const message = `${error.message}: a function is sent by its source, and nothing around it comes along; pass ${name} as an argument, import it inside the function, or give { module, export }`;
  error.stack = error.stack?.replace(error.message, message) ?? '';
  error.message = message;
  return error;
};

const withExplanation =
  (fn: AnyFunction): AnyFunction =>
  (...args) => {
    try {
      const result: unknown = fn(...args);
      if (result === null || typeof result !== 'object' || typeof (result as PromiseLike<unknown>).then !== 'function')
        return result;
      return Promise.resolve(result).catch((error: unknown) => {
        throw explained(error);
      });
    } catch (error) {
      throw explained(error);
    }
  };

const importExport = async (url: string, exportName: string, what: string): Promise<AnyFunction> => {
  const namespace = (await import(url)) as Record<string, unknown>;
  const found = namespace[exportName];
  if (typeof found === 'function') return found as AnyFunction;
  const names = Object.entries(namespace).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  throw new TargetError(`${what} is ${found === undefined ? 'not there' : 'no function'}`, {
    hint: names.length === 0 ? 'the module exports no function' : `the module exports ${names.join(', ')}`,
  });
};

/** @throws TargetError when it cannot be loaded, with what went wrong as its cause */
export const loadTarget = async (target: TargetOnWire): Promise<AnyFunction> => {
  const what = targetText(target);
  setLoading(true);
  try {
    if (target.kind === 'source') return withExplanation(compile(target.source, target.name));
    return await importExport(target.url, target.exportName, what);
  } catch (error) {
    if (error instanceof TargetError) throw error;
    const isOurs = error instanceof ProcctlError;
    throw new TargetError(`${what} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
      ...(isOurs && error.hint !== undefined ? { hint: error.hint } : {}),
    });
  } finally {
    setLoading(false);
  }
};

/** A path of a module, as a URL; relative to the current directory. */
export const moduleUrl = (path: string): string => pathToFileURL(path).href;
