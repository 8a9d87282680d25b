import type { TaskEnd } from '../../../core/pool/outcome.ts';
import type { BatchMeta } from '../../../protocol/remote/batch.ts';
import { estimateEtaMs } from '../../../render/eta.ts';
import { type PoolCounts, type PoolView, type SlotView, settledCount } from '../../../render/pool-view.ts';
import type { FollowedTask } from './followed-task.ts';

/** How many tasks of a batch are in each state, as far as it has been followed. */
export const followedCounts = (
  total: number,
  tasks: Iterable<FollowedTask>,
  ends: Readonly<Record<TaskEnd, number>>,
): PoolCounts => {
  let running = 0;
  let waiting = 0;
  for (const { current, isWaiting } of tasks) {
    if (current?.seat !== undefined) running += 1;
    if (isWaiting) waiting += 1;
  }
  const settled = Object.values(ends).reduce((sum, count) => sum + count, 0);
  return {
    submitted: total,
    alreadyDone: 0,
    ready: Math.max(0, total - settled - running - waiting),
    running,
    waiting,
    waitingForNeeds: 0,
    ...ends,
    isInputOpen: false,
  };
};

/** What a person is shown of it. @param now ms since the epoch */
export const followedView = (
  { sealedAt, endedAt }: BatchMeta,
  tasks: Iterable<FollowedTask>,
  counts: PoolCounts,
  now: number,
): PoolView => {
  const slots: SlotView[] = [];
  for (const { current, run, task } of tasks) {
    const seat = current?.seat;
    if (seat === undefined) continue;
    slots.push({
      slot: slots.length + 1,
      host: seat.host,
      pid: seat.taskPid,
      state: 'running',
      alive: true,
      task: task.name,
      attempt: run.attempt,
      elapsedMs: Math.max(0, now - run.attemptStartedAt),
    });
  }
  const elapsedMs = Math.max(0, now - (sealedAt ?? now));
  const settled = settledCount(counts);
  // Of a batch that has ended, all is there already.
  const etaMs = estimateEtaMs({ settled, total: counts.submitted, isInputOpen: endedAt !== null, elapsedMs });
  return { slots, counts, elapsedMs, etaMs };
};
