import type { PoolEffect } from './events.ts';
import type { Ending, FailedTry } from './moves.ts';
import type { AttemptOutcome, TaskEnd, TaskSettlement } from './outcome.ts';

/**
 * What the end of an attempt makes of its task, if there is no other try. A limit that elapsed is a failure even if
 * the program then exits with 0; a cancel is not: exit 0 is the program's own doing, for a kill never looks like that.
 */
export const endOf = (outcome: AttemptOutcome, ending: Ending | null): Exclude<TaskEnd, 'skipped'> => {
  if (ending?.cause === 'timeout') return 'timedOut';
  if (outcome.kind === 'returned' || (outcome.kind === 'exited' && outcome.exitCode === 0)) return 'succeeded';
  return ending === null ? 'failed' : 'cancelled';
};

/** How a task settles that is not started (again): as its last try, or as cancelled if there was none. */
export const settlementOf = (lastTry: FailedTry | null): TaskSettlement =>
  lastTry === null
    ? { end: 'cancelled', attempts: 0 }
    : { end: lastTry.end, outcome: lastTry.outcome, attempts: lastTry.attempt, slot: lastTry.slot };

/** What the machine has made of the end of an attempt. */
export interface AttemptVerdict {
  readonly state: TaskEnd;
  /** Whether its task has settled by it. */
  readonly isFinal: boolean;
  /** How, if it has. */
  readonly settlement?: TaskSettlement;
}

/**
 * Reads from the effects of an `ended` what has become of that attempt: a settlement, another try, or a place in the
 * queue (`cancelled`, and not final).
 *
 * @returns undefined when the event was about an attempt gone by
 */
export const verdictIn = (effects: readonly PoolEffect[], seq: number): AttemptVerdict | undefined => {
  for (const effect of effects) {
    if (!('task' in effect) || effect.task.seq !== seq) continue;
    if (effect.tag === 'settle') return { state: effect.settlement.end, isFinal: true, settlement: effect.settlement };
    if (effect.tag === 'retry') return { state: effect.timedOut ? 'timedOut' : 'failed', isFinal: false };
    if (effect.tag === 'requeue') return { state: 'cancelled', isFinal: false };
  }
  return undefined;
};
