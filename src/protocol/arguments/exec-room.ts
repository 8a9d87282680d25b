import { encodeBytes, isPlainText } from '../bytes.ts';

/** The longest single argument, or variable with its name, that Linux takes: MAX_ARG_STRLEN without its NUL. */
export const MAX_WORD_BYTES = 128 * 1024 - 1;

/** Each string that an exec passes has a pointer of its own, which counts too. */
const POINTER_BYTES = 8;

/** What a word takes beside its bytes: its NUL, and the pointer. */
export const WORD_BYTES = 1 + POINTER_BYTES;

/** For `#!` lines and what procctl tells a task about itself. */
const SPARE_BYTES = 4096;

/** Length of a text in bytes, as a program gets it. */
export const byteLength = (text: string): number => {
  const bytes = Buffer.byteLength(text);
  // As many bytes as characters: ASCII. An escaped byte counts three there.
  return bytes === text.length || isPlainText(text) ? bytes : encodeBytes(text).length;
};

/** What words take of the room that an exec has: their bytes, a NUL and a pointer each. */
export const execBytes = (words: readonly string[]): number =>
  words.reduce((sum, word) => sum + byteLength(word) + WORD_BYTES, 0);

/**
 * How many bytes arguments and environment may have, of a program that is executed: a quarter of the limit on its stack,
 * at least 128 KiB and at most 6 MiB. The rule is that of Linux `fs/exec.c`, `bprm_stack_limits`.
 *
 * @param limits the text of `/proc/self/limits`
 */
export const execLimit = (limits: string): number => {
  const [, soft] = /^Max stack size\s+(\d+|unlimited)/m.exec(limits) ?? [];
  const quarter = soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Math.floor(Number(soft) / 4);
  return Math.max(128 * 1024, Math.min(6 * 1024 * 1024, quarter));
};

/** What of `limit` is left for arguments. */
export const roomForArguments = (limit: number, env: Readonly<Record<string, string | undefined>>): number =>
  limit - execBytes(Object.entries(env).map(([name, value]) => `${name}=${value ?? ''}`)) - SPARE_BYTES;
