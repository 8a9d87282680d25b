/** What is known of a pool's tasks at one moment; each task is in exactly one of the counts after `submitted`. */
export interface PoolCounts {
  /** Tasks seen in the input so far: the total, once `isInputOpen` is false. */
  readonly submitted: number;
  /** Tasks of the input that an earlier run has done; not among `submitted`. */
  readonly alreadyDone: number;
  readonly ready: number;
  readonly running: number;
  readonly waiting: number;
  /** Of those `waiting`, how many wait for tasks they need; the others wait for another try. */
  readonly waitingForNeeds: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly cancelled: number;
  readonly skipped: number;
  /** More tasks may come. */
  readonly isInputOpen: boolean;
}

/** One of the pool's slots: where at most one task runs at a time. */
export interface SlotView {
  /** From 1. */
  readonly slot: number;
  /** The machine it runs on; absent: this one. */
  readonly host?: string;
  /** Of what runs here; null when nothing does. */
  readonly pid: number | null;
  readonly state: 'ready' | 'running' | 'waiting' | 'stopping';
  /** Whether `pid` is a live process that procctl started. */
  readonly alive: boolean;
  /** Name of the task here, as it came in (renderers make it printable); null when there is none. */
  readonly task: string | null;
  /** Attempt at the task, from 1. */
  readonly attempt: number;
  /** Since the attempt started, ms; null when nothing runs. */
  readonly elapsedMs: number | null;
}

/** All that a person is shown of a running pool. */
export interface PoolView {
  readonly slots: readonly SlotView[];
  readonly counts: PoolCounts;
  /** Since the pool started, ms. */
  readonly elapsedMs: number;
  /** Until the last task settles, ms; null while nobody can say. */
  readonly etaMs: number | null;
  /** One line for the person watching, such as what a second Ctrl-C would do; absent when there is nothing to say. */
  readonly note?: string;
}

/** Tasks that have come to their end, whichever it was. */
export const settledCount = ({ succeeded, failed, timedOut, cancelled, skipped }: PoolCounts): number =>
  succeeded + failed + timedOut + cancelled + skipped;

/** How far the pool is: `12/45`, or `12/45+` while more tasks may come. */
export const countText = (counts: PoolCounts): string =>
  `${settledCount(counts)}/${counts.submitted}${counts.isInputOpen ? '+' : ''}`;

/** What is held back, and why, a part each, only where there is any: `3 waiting (needs)`, `1 waiting (retry)`. */
export const waitingTexts = ({ waiting, waitingForNeeds }: PoolCounts): readonly string[] =>
  [
    { count: waitingForNeeds, reason: 'needs' },
    { count: waiting - waitingForNeeds, reason: 'retry' },
  ].flatMap(({ count, reason }) => (count > 0 ? [`${count} waiting (${reason})`] : []));

/** What did not go well, a part each, only where there is any: `2 failed`, `1 timed out`. */
export const troubleTexts = ({ failed, timedOut, cancelled, skipped }: PoolCounts): readonly string[] =>
  [
    { count: failed, text: 'failed' },
    { count: timedOut, text: 'timed out' },
    { count: cancelled, text: 'cancelled' },
    { count: skipped, text: 'skipped' },
  ].flatMap(({ count, text }) => (count > 0 ? [`${count} ${text}`] : []));
