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
