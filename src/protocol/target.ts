// Functions that run in another process. Processes share no globals, so a function goes there as the name of a module's
// export, or as its own text.
import { ProcctlError } from '../errors.ts';
import type { TargetOnWire } from './worker-frames.ts';

// biome-ignore lint/suspicious/noExplicitAny: any function at all
export type AnyFunction = (...args: any[]) => any;

/** An export of a module; without `export`, the default one. */
export interface ModuleTarget {
  /** A `file:` URL, or a path (a relative one begins at the current directory). */
  readonly module: URL | string;
  readonly export?: string;
}

/**
 * What another process can run: an export of a module, the URL or path of one (its default export is meant), or a
 * function that uses nothing but its arguments and globals.
 *
 * @typeParam F what it is called with and returns
 */
export type Target<F extends AnyFunction = AnyFunction> = F | ModuleTarget | URL | string;

const isClass = (source: string): boolean => /^class\b/.test(source);

const sourceOf = (fn: AnyFunction): string => {
  const source = Function.prototype.toString.call(fn);
  const what = fn.name === '' ? 'the function' : `function ${fn.name}`;
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    throw new ProcctlError('ERR_OPTION', `${what} has no source that could be sent: it is built in or bound`, {
      hint: 'wrap it: (...args) => f(...args), or give { module, export }',
    });
  }
  if (isClass(source)) {
    throw new ProcctlError('ERR_OPTION', `${what} is a class, and can only be called with new`, {
      hint: 'give a function that makes one',
    });
  }
  return source;
};

/**
 * @param resolve makes a `file:` URL of a path
 * @throws ProcctlError ERR_OPTION when it is nothing that another process can run
 */
export const targetOnWire = (target: Target, resolve: (path: string) => string): TargetOnWire => {
  if (typeof target === 'function') return { kind: 'source', source: sourceOf(target), name: target.name };
  const { module, export: exportName = 'default' } =
    typeof target === 'string' || target instanceof URL ? { module: target } : (target ?? {});
  if (module instanceof URL) return { kind: 'module', url: module.href, exportName };
  if (typeof module === 'string' && module !== '' && typeof exportName === 'string') {
    return { kind: 'module', url: /^(?:file|data|node):/.test(module) ? module : resolve(module), exportName };
  }
  throw new ProcctlError('ERR_OPTION', 'target must be a function, a URL or path of a module, or { module, export }', {
    hint: "for example { module: new URL('./worker.js', import.meta.url), export: 'main' }",
  });
};

/** For people: `resize of /srv/app/resize.js`. */
export const targetText = (target: TargetOnWire): string =>
  target.kind === 'source'
    ? target.name === ''
      ? 'the function'
      : `function ${target.name}`
    : `${target.exportName === 'default' ? 'the default export' : target.exportName} of ${target.url.replace(/^file:\/\//, '')}`;
