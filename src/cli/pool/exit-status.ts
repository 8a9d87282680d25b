import { constants } from 'node:os';
import type { HaltReason, PoolCounts } from '../../core/pool/machine.ts';
import { EXIT, exitStatusOfSignal } from '../../errors.ts';
import { isReaderGone } from '../reader-gone.ts';
import { isOurs } from '../tell.ts';

/** All that decides the exit status of `procctl pool`. */
export interface PoolEnding {
  readonly counts: PoolCounts;
  readonly haltedBy: HaltReason | null;
  /** The first signal that asked procctl to end. */
  readonly signal: NodeJS.Signals | null;
  /** Why standard output or standard error could not be written to the end. */
  readonly brokenBy: NodeJS.ErrnoException | null;
  /** The journal could not be written to the end. */
  readonly isJournalBroken: boolean;
  /** Why the input could not be read to its end. */
  readonly inputError: unknown;
  /** Processes that could not be ended. */
  readonly survivors: number;
}

/** The exit status, as docs/exit-codes.md promises it; the first rule that fits. */
export const exitStatusOfPool = (ending: PoolEnding): number => {
  const { counts, inputError, brokenBy, signal } = ending;
  if (inputError !== undefined) return isOurs(inputError) ? inputError.exitStatus : EXIT.internal;
  if (signal !== null) return exitStatusOfSignal(constants.signals[signal]);
  if (brokenBy !== null) return isReaderGone(brokenBy) ? exitStatusOfSignal(constants.signals.SIGPIPE) : EXIT.internal;
  if (ending.isJournalBroken) return EXIT.internal;
  if (ending.survivors > 0) return EXIT.failed;
  if (ending.haltedBy === 'success') return EXIT.done;
  const { failed, timedOut, cancelled, skipped } = counts;
  return failed + timedOut + cancelled + skipped > 0 ? EXIT.failed : EXIT.done;
};
