/** One signal on the way to the end of a family, and how long it has to act on it, ms. */
export interface TermStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

/** How long a process may outlive SIGKILL before it is called a survivor (uninterruptible sleep, or not ours). */
export const KILL_PATIENCE_MS = 2_000;

/** How a family is ended: the steps in their order, then SIGKILL until nobody is left. */
export interface TermSequence {
  readonly steps: readonly TermStep[];
  /** How long somebody may outlive SIGKILL before he is called a survivor, ms. */
  readonly patienceMs: number;
}

/** One signal, a grace, SIGKILL; without a grace SIGKILL at once. */
export const gracefully = (graceMs: number, signal: NodeJS.Signals = 'SIGTERM'): TermSequence => ({
  steps: graceMs > 0 ? [{ signal, waitMs: graceMs }] : [],
  patienceMs: KILL_PATIENCE_MS,
});

export const KILL_AT_ONCE: TermSequence = gracefully(0);
