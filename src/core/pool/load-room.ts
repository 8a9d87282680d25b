/** What is known of a machine and a pool on it at one moment. */
export interface LoadSeen {
  /** Threads that run or want to, on the whole machine; those of tasks are among them. */
  readonly runnable: number;
  /** Tasks at work. */
  readonly running: number;
  /** From so many threads on the machine is too busy. */
  readonly limit: number;
}

/**
 * How many tasks may be at work until the next look: those that are, and for each thread that the machine has room for one more,
 * as if each new one were busy from its first moment.
 *
 * @returns `running` or less when nothing new may start
 */
export const sizeForLoad = ({ runnable, running, limit }: LoadSeen): number =>
  runnable >= limit ? 0 : running + Math.ceil(limit - runnable);
