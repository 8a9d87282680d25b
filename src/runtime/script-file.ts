import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs';
import { printable } from '../core/printable.ts';
import { ProcctlError } from '../errors.ts';
import { decodeBytes, encodeBytes } from '../protocol/bytes.ts';
import { checkProgram } from './find-program.ts';

/** The kernel reads no more of a `#!` line. */
const MAX_SHEBANG_BYTES = 256;

/** Where a script that is to be run lies, and how the caller named it. */
export interface ScriptFile {
  readonly word: string;
  /** Absolute; `..` is left to the kernel, which knows where links lead. */
  readonly path: string;
}

export const scriptFile = (word: string, directory: string): ScriptFile => {
  const base = directory.endsWith('/') ? directory : `${directory}/`;
  return { word, path: word.startsWith('/') ? word : `${base}${word.replace(/^(?:\.\/+)+(?=.)/, '')}` };
};

const statOf = (path: string): Stats | string => {
  try {
    return statSync(encodeBytes(path));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown error';
  }
};

export const isRegularFile = (path: string): boolean => {
  const stat = statOf(path);
  return typeof stat !== 'string' && stat.isFile();
};

const isAllowed = (path: string, mode: number): boolean => {
  try {
    accessSync(encodeBytes(path), mode);
    return true;
  } catch {
    return false;
  }
};

/**
 * Makes sure that an interpreter could read the script.
 *
 * @param directory what a relative name starts from, for the message
 * @throws ProcctlError ERR_NOT_FOUND, or ERR_NOT_EXECUTABLE for a directory and for what may not be read
 */
export const requireScript = ({ word, path }: ScriptFile, directory: string): void => {
  const name = printable(word);
  const stat = statOf(path);
  if (stat === 'ENOENT' || stat === 'ENOTDIR') {
    const hint = word.startsWith('/') ? {} : { hint: `looked for in ${printable(directory)}` };
    throw new ProcctlError('ERR_NOT_FOUND', `${name}: no such file`, hint);
  }
  if (typeof stat === 'string') {
    const why = stat === 'EACCES' ? 'permission denied' : stat;
    throw new ProcctlError('ERR_NOT_EXECUTABLE', `${name}: ${why}`);
  }
  if (stat.isDirectory()) throw new ProcctlError('ERR_NOT_EXECUTABLE', `${name}: is a directory`);
  if (!isAllowed(path, constants.R_OK)) {
    throw new ProcctlError('ERR_NOT_EXECUTABLE', `${name}: cannot be read (permission denied)`);
  }
};

/** The words behind `#!`, or undefined for a file that has none, or that cannot be read. */
const shebangOf = (path: string): string[] | undefined => {
  if (!isRegularFile(path)) return undefined;
  const bytes = Buffer.alloc(MAX_SHEBANG_BYTES);
  let length: number;
  try {
    const descriptor = openSync(encodeBytes(path), 'r');
    try {
      length = readSync(descriptor, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
  const [, line] = /^#![ \t]*([^\n]+)/.exec(decodeBytes(bytes.subarray(0, length))) ?? [];
  return line?.split(/[ \t]+/).filter((word) => word !== '');
};

/** Whether the kernel itself runs it: executable, and saying by what. */
export const runsByItself = (path: string): boolean => isAllowed(path, constants.X_OK) && shebangOf(path) !== undefined;

/**
 * Makes sure that what a `#!` line names is there: exec(2) would say no more than "No such file".
 *
 * @throws ProcctlError ERR_NOT_EXECUTABLE
 */
export const requireShebang = ({ word, path }: ScriptFile, searchPath: string, directory: string): void => {
  const [program, argument] = shebangOf(path) ?? [];
  if (program === undefined) return;
  // `#!/usr/bin/env python3`: with options or variables it is left to env.
  const isByEnv = /\/env$/.test(program) && argument !== undefined && /^[^-=][^=]*$/.test(argument);
  for (const needed of isByEnv ? [program, argument] : [program]) {
    if (checkProgram(needed, searchPath, directory) === undefined) continue;
    const where = needed.includes('/') ? 'is missing, or not executable' : 'is not in PATH';
    throw new ProcctlError('ERR_NOT_EXECUTABLE', `${printable(word)}: its interpreter ${printable(needed)} ${where}`);
  }
};
