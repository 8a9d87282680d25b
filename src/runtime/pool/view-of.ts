import type { PoolCounts } from '../../core/pool/machine.ts';
import { estimateEtaMs } from '../../render/eta.ts';
import { type PoolView, type SlotView, settledCount } from '../../render/pool-view.ts';
import type { Seat } from './place.ts';
import type { TaskRun } from './task-run.ts';

/** A pool at one moment. */
export interface PoolMoment {
  readonly runs: Iterable<TaskRun>;
  readonly seatOf: (seq: number) => Seat | undefined;
  readonly counts: PoolCounts;
  /** On the clock of the pool, ms since it began. */
  readonly now: number;
  /** Why nothing new is started, for people; undefined: nothing holds it back. */
  readonly heldBy: string | undefined;
}

const slotOf = (run: TaskRun, { pid, host }: Seat, now: number): SlotView => ({
  slot: run.slot,
  ...(host === undefined ? undefined : { host }),
  pid: pid ?? null,
  state: run.isStopping ? 'stopping' : 'running',
  alive: pid !== undefined || host !== undefined,
  task: run.task.name,
  attempt: run.attempt,
  elapsedMs: now - run.begunAt,
});

/** What a person is shown of it. */
export const viewOf = ({ runs, seatOf, counts, now, heldBy }: PoolMoment): PoolView => {
  const slots: SlotView[] = [];
  for (const run of runs) {
    if (run.durationMs >= 0) continue;
    const seat = seatOf(run.task.seq);
    // What waits elsewhere for a worker would be most of the table, and tell nothing.
    if (seat?.isQueued !== true) slots.push(slotOf(run, seat ?? { pid: undefined }, now));
  }
  slots.sort((a, b) => a.slot - b.slot);
  const { submitted: total, isInputOpen } = counts;
  const etaMs = estimateEtaMs({ settled: settledCount(counts), total, isInputOpen, elapsedMs: now });
  const note = heldBy === undefined ? {} : { note: `new starts are held back: ${heldBy}` };
  return { slots, counts, elapsedMs: now, etaMs, ...note };
};
