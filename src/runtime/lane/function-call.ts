import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AttemptError } from '../../core/pool/outcome.ts';
import type { FunctionCommand } from '../../core/pool/task.ts';
import { printable } from '../../core/printable.ts';
import { ProcctlError } from '../../errors.ts';
import { isPlainText } from '../../protocol/bytes.ts';
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

/**
 * The message that has a worker call the function, as the disk is now: to be made when the task's turn has come.
 *
 * @param directory absolute; where the paths of modules begin
 * @param env what the task is told about itself
 * @returns the message, or why there is nothing to be called
 */
export const functionCall = (
  { module, exportName, args, call }: FunctionCommand,
  directory: string,
  env: Readonly<Record<string, string>>,
): { readonly body: Buffer } | { readonly refusal: AttemptError } => {
  if (module.includes('\0')) {
    return { refusal: refuse('ERR_NUL_BYTE', 'module contains a NUL byte, which no path can have') };
  }
  if (!isPlainText(module)) {
    return { refusal: refuse('ERR_NOT_UTF8', 'module holds bytes that are not UTF-8, which no module can have') };
  }
  const told = call === undefined ? undefined : { kind: call.kind, value: call.value };
  try {
    if (call?.source !== undefined) {
      const target: TargetOnWire = { kind: 'source', source: call.source, name: exportName };
      return { body: encodeValue({ target, args, call: told, env } satisfies TaskOnWire, 'task') };
    }
    const path = pathOf(module, directory);
    const refusal = path === undefined ? undefined : badFile(path);
    if (refusal !== undefined) return { refusal };
    const url = path === undefined ? module : pathToFileURL(path).href;
    const target: TargetOnWire = { kind: 'module', url, exportName };
    const task: TaskOnWire = { target, args, call: told, env };
    return { body: encodeValue(task, 'task') };
  } catch (error) {
    const code = error instanceof ProcctlError ? error.code : 'ERR_TARGET';
    return { refusal: refuse(code, (error as Error).message.replace(/^task\./, '')) };
  }
};
