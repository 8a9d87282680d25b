// What the caller handed over, byte for byte: Node has read it as UTF-8 and put U+FFFD in the place of all else.

import { readFileSync, readlinkSync } from 'node:fs';
import { decodeBytes } from '../protocol/bytes.ts';

/** Variables that procctl gives to what it runs: who a process is. They are not passed on to another process. */
const isIdentity = (name: string): boolean => /^PROCCTL_(?:MARK|ID|NAME|INSTANCE|SLOT|ATTEMPT|TASK_.*)$/s.test(name);

/** Strings that end with NUL, as in `/proc/PID/environ`. */
const stringsOf = (bytes: Uint8Array): string[] => decodeBytes(bytes).split('\0').slice(0, -1);

/**
 * Variables as the kernel keeps them; of a name that comes twice the first counts, as for getenv(3).
 * What is no assignment, or has no name, is left out.
 */
export const parseEnviron = (bytes: Uint8Array): Map<string, string> => {
  const variables = new Map<string, string>();
  for (const text of stringsOf(bytes)) {
    const end = text.indexOf('=');
    const name = text.slice(0, Math.max(0, end));
    if (end > 0 && !variables.has(name)) variables.set(name, text.slice(end + 1));
  }
  return variables;
};

const readSelf = (file: string): Uint8Array | undefined => {
  try {
    return readFileSync(`/proc/self/${file}`);
  } catch {
    return undefined; // no /proc
  }
};

/** The environment procctl was started with, without the identity variables. */
export const callerEnv = (): Record<string, string> => {
  const bytes = readSelf('environ');
  const variables =
    bytes === undefined
      ? Object.entries(process.env).map(([name, value]): [string, string] => [name, value ?? ''])
      : [...parseEnviron(bytes)];
  return Object.fromEntries(variables.filter(([name]) => !isIdentity(name)));
};

/**
 * The arguments of procctl, without Node and the script: those of `/proc/self/cmdline` if they are the same as Node's
 * but for bytes that are not UTF-8.
 */
export const callerArguments = (): string[] => {
  const known = process.argv.slice(2);
  const bytes = readSelf('cmdline');
  if (bytes === undefined || known.length === 0) return known;
  const exact = stringsOf(bytes).slice(-known.length);
  const lossy = Buffer.from(bytes).toString('utf8').split('\0').slice(0, -1).slice(-known.length);
  return lossy.length === known.length && lossy.every((text, index) => text === known[index]) ? exact : known;
};

/** The working directory, absolute. It may have been removed: whoever uses it will say so. */
export const callerDirectory = (): string => {
  try {
    return decodeBytes(readlinkSync('/proc/self/cwd', 'buffer'));
  } catch {
    return process.cwd();
  }
};
