import type { Backoff } from '../backoff.ts';

/** A line for `/bin/sh`, or a program with its arguments, passed byte for byte and without a shell. */
export type ProgramCommand =
  | { readonly kind: 'shell'; readonly line: string }
  | { readonly kind: 'argv'; readonly argv: readonly [program: string, ...args: string[]] };

/** An export of a module, called in a worker. */
export interface FunctionCommand {
  readonly kind: 'function';
  /** A path, relative to the directory of procctl, or a `file:`, `node:` or `data:` URL. */
  readonly module: string;
  /** `default` where the input names none. */
  readonly exportName: string;
  /** What it is called with, `kwargs` as the last where they are given. */
  readonly args: readonly unknown[];
  /** It is a call of the library, whose values cross exactly; absent: what it returns is to be JSON. */
  readonly call?: FunctionCall;
}

/** What a call of the library has beyond a task that is a function. */
export interface FunctionCall {
  /**
   * `single`: one call, `args` are its arguments. Else a list of calls, made one after the other: with each member of `args` as the only
   * argument (`map`) or as the list of them (`starmap`), up to the first error; `each` as `map`, with a result of its own for each, be it an error.
   */
  readonly kind: 'single' | 'map' | 'starmap' | 'each';
  /** The text of the function, which is called in place of an export of `module`; `exportName` is its name. */
  readonly source?: string;
  /** `args` in the format of values, where JSON would change them; `args` is empty then. */
  readonly value?: Uint8Array;
}

/** A task that has to succeed before another one starts. */
export interface Need {
  readonly seq: number;
  readonly id: string;
}

/** What a task runs. */
export type TaskCommand = ProgramCommand | FunctionCommand;

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
  /** What the task reads on standard input: text as above, or bytes as they are; absent: nothing. */
  readonly stdin?: string | Uint8Array;
  /** The task is ended after this long, ms; absent or 0: never. */
  readonly timeoutMs?: number;
  /** Tries after the first one, when it fails; absent: that of the pool. */
  readonly retries?: number;
  /** The pause before each further try; absent: that of the pool. */
  readonly retryDelay?: Backoff;
  /** Each once, never empty, never in a circle; absent: none. */
  readonly needs?: readonly Need[];
  /** Higher starts first; absent: 0. */
  readonly priority?: number;
  /** Its command, `cwd` or `env` holds `SLOT_MARK`, for which the number of its slot is put when it starts. */
  readonly usesSlot?: boolean;
}

/** A task that runs a program, or a function. */
export type TaskOf<Command extends TaskCommand> = TaskSpec & { readonly command: Command };
