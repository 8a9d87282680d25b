import type { PoolCounts, PoolView, SlotView } from '../../src/render/pool-view.ts';

/** Counts of nothing, with what a test is about on top. */
export const counts = (some: Partial<PoolCounts> = {}): PoolCounts => ({
  submitted: 0,
  alreadyDone: 0,
  waitingForNeeds: 0,
  ready: 0,
  running: 0,
  waiting: 0,
  succeeded: 0,
  failed: 0,
  timedOut: 0,
  cancelled: 0,
  skipped: 0,
  isInputOpen: false,
  ...some,
});

/** A slot that runs a task, with what a test is about on top. */
export const slot = (some: Partial<SlotView> = {}): SlotView => ({
  slot: 1,
  pid: 4711,
  state: 'running',
  alive: true,
  task: 'gzip -9 a.log',
  attempt: 1,
  elapsedMs: 3_000,
  ...some,
});

export const idleSlot = (number: number): SlotView =>
  slot({ slot: number, pid: null, state: 'ready', alive: false, task: null, elapsedMs: null });

export const view = (some: Partial<PoolView> = {}): PoolView => ({
  slots: [slot()],
  counts: counts({ submitted: 45, ready: 32, running: 1, succeeded: 10, failed: 2 }),
  elapsedMs: 5_000,
  etaMs: 12_000,
  ...some,
});
