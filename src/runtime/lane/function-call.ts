import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AttemptError } from '../../core/pool/outcome.ts';
import type { FunctionCommand } from '../../core/pool/task.ts';
import { printable } from '../../core/printable.ts';
import { ProcctlError } from '../../errors.ts';
import { isPlainText } from '../../protocol/bytes.ts';
import { TASK_VARIABLES } from '../../protocol/task-frames.ts';
import { encodeValue } from '../../protocol/values/codec.ts';
import type { TargetOnWire, TaskOnWire } from '../../protocol/worker-frames.ts';

const refuse = (code: string, message: string): AttemptError => ({ kind: 'error', code, message });

/** @throws TypeError for a `file:` URL that names another host */
const pathOf = (module: string, directory: string): string | undefined => {
  if (module.startsWith('file:')) return fileURLToPath(module);
  if (/^(?:data|node):/.test(module)) return undefined;
  return resolve(directory, module);
};

/** What stands in the way of loading a file. */
const badFile = (path: string): AttemptError | undefined => {
  const file = printable(path);
  try {
    return statSync(path).isDirectory() ? refuse('ERR_TARGET', `module ${file} is a directory`) : undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'permission denied' : message;
    return refuse('ERR_TARGET', `module ${file}: ${reason}`);
  }
};

/** A function, and what it is known by. */
export interface FunctionTarget {
  readonly key: string;
  readonly target: TargetOnWire;
}

type Found = { readonly found: FunctionTarget } | { readonly refusal: AttemptError };

/** So long it is taken for granted that a file is where it was: a task takes less than to look. */
const SEEN_MS = 50;
/** Files that this is taken for granted of. */
const MOST_SEEN = 1_000;

/** Finds functions on the disk as it is when a task's turn has come. */
export class FunctionTargets {
  readonly #directory: string;
  readonly #seen = new Map<string, { readonly at: number; readonly found: FunctionTarget }>();

  /** @param directory absolute; where the paths of modules begin */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @returns the function, or why there is none */
  find({ module, exportName, call }: FunctionCommand): Found {
    if (call?.source !== undefined) {
      const target: TargetOnWire = { kind: 'source', source: call.source, name: exportName };
      return { found: { key: `${exportName}\0${call.source}`, target } };
    }
    const key = `${exportName}\0\0${module}`;
    const seen = this.#seen.get(key);
    const now = performance.now();
    if (seen !== undefined && now - seen.at < SEEN_MS) return seen;
    if (this.#seen.size >= MOST_SEEN) this.#seen.clear();
    else this.#seen.delete(key);
    const looked = this.#look(module, exportName, key);
    if ('found' in looked) this.#seen.set(key, { at: now, found: looked.found });
    return looked;
  }

  #look(module: string, exportName: string, key: string): Found {
    if (module.includes('\0')) {
      return { refusal: refuse('ERR_NUL_BYTE', 'module contains a NUL byte, which no path can have') };
    }
    if (!isPlainText(module)) {
      return { refusal: refuse('ERR_NOT_UTF8', 'module holds bytes that are not UTF-8, which no module can have') };
    }
    try {
      const path = pathOf(module, this.#directory);
      const refusal = path === undefined ? undefined : badFile(path);
      if (refusal !== undefined) return { refusal };
      const url = path === undefined ? module : pathToFileURL(path).href;
      return { found: { key, target: { kind: 'module', url, exportName } } };
    } catch (error) {
      return { refusal: refuse('ERR_TARGET', (error as Error).message) };
    }
  }
}

/**
 * The value that has a worker call a function.
 *
 * @param target number by which the worker knows it
 * @param env what the task is told about itself
 */
export const taskValue = (
  { args, call }: FunctionCommand,
  target: number,
  env: Readonly<Record<(typeof TASK_VARIABLES)[number], string>>,
): { readonly value: Buffer } | { readonly refusal: AttemptError } => {
  const told = call === undefined ? undefined : { kind: call.kind, value: call.value };
  const task: TaskOnWire = { target, args, call: told, env: TASK_VARIABLES.map((variable) => env[variable]) };
  try {
    return { value: encodeValue(task, 'task') };
  } catch (error) {
    const code = error instanceof ProcctlError ? error.code : 'ERR_TARGET';
    return { refusal: refuse(code, (error as Error).message.replace(/^task\./, '')) };
  }
};
