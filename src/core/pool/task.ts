/** What a task runs: a line for `/bin/sh`, or a program with its arguments, passed byte for byte and without a shell. */
export type TaskCommand =
  | { readonly kind: 'shell'; readonly line: string }
  | { readonly kind: 'argv'; readonly argv: readonly [program: string, ...args: string[]] };

/**
 * One task of a pool, checked and complete: defaults are filled in.
 *
 * Strings may hold lone surrogates U+DC80..U+DCFF: each stands for one byte 0x80..0xFF that is not UTF-8
 * (PEP 383, "surrogateescape"); `src/protocol/bytes.ts` turns them back into bytes.
 */
export interface TaskSpec {
  /** Position in the input, from 1. */
  readonly seq: number;
  /** Unique in its run; the position as a decimal number unless the input gives one. */
  readonly id: string;
  /** For people; the command in one line unless the input gives one. */
  readonly name: string;
  readonly command: TaskCommand;
  /** Working directory; absent: that of procctl. */
  readonly cwd?: string;
  /** Variables set (string) or removed (null) on top of procctl's own environment. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** What the task reads on standard input; absent: nothing. */
  readonly stdin?: string;
  /** The task is ended after this long, ms; absent or 0: never. */
  readonly timeoutMs?: number;
  /** Tries after the first one, when it fails; absent: that of the pool. */
  readonly retries?: number;
}
