/** What a command's exit status says; `docs/exit-codes.md` is the page for users. */
export const EXIT = {
  done: 0,
  /** Something that was run failed. */
  failed: 1,
  /** Wrong use or bad input; nothing (further) was run. */
  usage: 2,
  /** A limit on the whole elapsed. */
  timedOut: 124,
  /** procctl itself failed. */
  internal: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

/** The exit status of a program that a signal ended, as shells report it: 128 + the signal's number. */
export const exitStatusOfSignal = (signalNumber: number): number => 128 + signalNumber;

/** Every code a ProcctlError can carry, with the exit status the command line gives it. Codes are stable. */
const EXIT_STATUS_BY_CODE = {
  ERR_USAGE: EXIT.usage,
  ERR_POOL_SIZE: EXIT.usage,
  ERR_DURATION: EXIT.usage,
  ERR_HALT: EXIT.usage,
  ERR_INPUT: EXIT.usage,
  ERR_TASKS: EXIT.usage,
  ERR_RUNTIME: EXIT.internal,
  ERR_HOME: EXIT.internal,
  ERR_DAEMON: EXIT.internal,
  ERR_DISK: EXIT.internal,
  ERR_START: EXIT.internal,
  ERR_NO_PROCESS: EXIT.failed,
  ERR_ENDED: EXIT.failed,
  ERR_SURVIVORS: EXIT.failed,
  ERR_TIMEOUT: EXIT.timedOut,
  ERR_REQUEST: EXIT.usage,
  ERR_NAME: EXIT.usage,
  ERR_NOT_FOUND: EXIT.notFound,
  ERR_NOT_EXECUTABLE: EXIT.notExecutable,
  ERR_CWD: EXIT.notExecutable,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof EXIT_STATUS_BY_CODE;

/**
 * The base of every error procctl throws on purpose.
 * Callers match on `code`; `hint`, when present, is the way out; what went wrong below is kept as `cause`.
 */
export class ProcctlError extends Error {
  override readonly name: string = 'ProcctlError';
  readonly hint: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    extra: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: extra.cause });
    this.hint = extra.hint;
  }

  get exitStatus(): number {
    return EXIT_STATUS_BY_CODE[this.code];
  }
}
