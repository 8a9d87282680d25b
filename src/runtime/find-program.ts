import { accessSync, constants, statSync } from 'node:fs';
import type { AttemptOutcome } from '../core/pool/outcome.ts';
import { printable } from '../core/printable.ts';
import { encodeBytes } from '../protocol/bytes.ts';

type Refusal = Extract<AttemptOutcome, { kind: 'error' }>;

const refuse = (code: string, message: string): Refusal => ({ kind: 'error', code, message });

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** Why a directory cannot be worked in; undefined when it can. */
export const checkDirectory = (directory: string): Refusal | undefined => {
  const name = printable(directory);
  try {
    if (!statSync(encodeBytes(directory)).isDirectory()) return refuse('ERR_CWD', `cwd ${name}: not a directory`);
    accessSync(encodeBytes(directory), constants.X_OK);
    return undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return refuse('ERR_CWD', `cwd ${name}: no such directory`);
    if (errorCode(error) === 'EACCES') return refuse('ERR_CWD', `cwd ${name}: permission denied`);
    return refuse('ERR_CWD', `cwd ${name}: ${errorCode(error)}`);
  }
};

const isExecutable = (path: string): true | 'absent' | 'refused' | 'directory' => {
  const bytes = encodeBytes(path);
  try {
    if (statSync(bytes).isDirectory()) return 'directory';
  } catch (error) {
    return errorCode(error) === 'EACCES' ? 'refused' : 'absent';
  }
  try {
    accessSync(bytes, constants.X_OK);
    return true;
  } catch {
    return 'refused';
  }
};

/**
 * Why a program cannot be executed, or undefined when it can: the look-up of execvp(3).
 *
 * @param program a path (with a slash, relative to `directory`) or a name to be found in `searchPath`
 * @param searchPath the task's PATH
 * @param directory absolute; what relative paths, and relative entries of PATH, start from
 */
export const checkProgram = (program: string, searchPath: string, directory: string): Refusal | undefined => {
  const name = printable(program);
  const from = (path: string): string => (path.startsWith('/') ? path : `${directory}/${path}`);
  if (program.includes('/')) {
    const answer = isExecutable(from(program));
    if (answer === true) return undefined;
    if (answer === 'absent') return refuse('ERR_NOT_FOUND', `${name}: no such file`);
    if (answer === 'directory') return refuse('ERR_NOT_EXECUTABLE', `${name}: is a directory`);
    return refuse('ERR_NOT_EXECUTABLE', `${name}: not executable (permission denied)`);
  }
  let wasRefused = false;
  for (const entry of searchPath.split(':')) {
    const answer = isExecutable(from(entry === '' ? `./${program}` : `${entry}/${program}`));
    if (answer === true) return undefined;
    wasRefused ||= answer === 'refused';
  }
  if (wasRefused) return refuse('ERR_NOT_EXECUTABLE', `${name}: found in PATH, but not executable`);
  return refuse('ERR_NOT_FOUND', `${name}: command not found`);
};
