import type { Backoff } from '../../core/backoff.ts';
import type { PoolEffect } from '../../core/pool/events.ts';
import type { HaltRule } from '../../core/pool/halt.ts';
import type { HaltReason, PoolCounts } from '../../core/pool/machine.ts';
import type { TaskSettlement } from '../../core/pool/outcome.ts';
import type { TaskSpec } from '../../core/pool/task.ts';
import type { TermSequence } from '../../core/pool/term-sequence.ts';
import type { TimeLimit } from '../../core/pool/time-limit.ts';
import type { AttemptRecord, TaskRecord } from '../../protocol/task-record.ts';
import type { SpillSpace } from '../output/spill-buffer.ts';
import type { OutputMode, Release } from '../output/task-output.ts';
import type { Place, PlaceEvents, Rest } from './place.ts';

/** What a pool is told. */
export interface PoolRunOptions {
  readonly size: number;
  /** Tries after the first one, for tasks that do not say. */
  readonly retries: number;
  /** The pause before each further try, for tasks that do not say; absent: none. */
  readonly retryDelay?: Backoff;
  readonly halt: HaltRule;
  /** On one attempt, for tasks that do not say. */
  readonly timeout: TimeLimit;
  /** How what has to end is ended. */
  readonly ending: TermSequence;
  /** From one start to the next, at the least, ms. */
  readonly delayMs: number;
  /** Added to the niceness of procctl. */
  readonly nice: number;
  /** 'spawn': every attempt is a spawn of its own, exact in every case and slower. */
  readonly runner: 'auto' | 'spawn';
  /** Output and records in the order of the input, not of the ends. */
  readonly isOrdered: boolean;
  readonly output: (space: SpillSpace, release: Release) => OutputMode;
  /** Opens where attempts run, when the first one starts; time limits are measured there. Absent: on this machine. */
  openPlace?(events: PlaceEvents): Place;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute; where tasks without a `cwd` work. */
  readonly directory: string;
  /** Whether an earlier run has done a task, so that it need not be run; asked once for each, in the order of the input. */
  isDone?(task: TaskSpec): boolean;
  /** More is read once no more tasks than this wait for a slot; absent: enough that no slot ever waits for the reading. */
  readonly readAhead?: number;
  /** How long a task took the last time it succeeded, ms; undefined where that is not known. */
  expectedMs?(task: TaskSpec): number | undefined;
}

/** What a pool tells while it runs. */
export interface PoolRunEvents {
  /** An attempt has ended: told once what it wrote is kept, and before anything new is started. */
  onAttempt?(record: AttemptRecord, task: TaskSpec): void;
  /** @param limitMs that the last attempt ran into */
  onSettled?(record: TaskRecord, settlement: TaskSettlement, task: TaskSpec, limitMs: number | undefined): void;
  /** @param limitMs that the attempt ran into */
  onRetry?(retry: Extract<PoolEffect, { tag: 'retry' }>, limitMs: number | undefined): void;
  /** An attempt was ended to make room; its task is queued again. */
  onRequeue?(requeue: Extract<PoolEffect, { tag: 'requeue' }>): void;
  /** Something that a view shows has changed. */
  onChange?(): void;
  /** Only `size` tasks can be at work at a time, of those `wanted`. */
  onShrunk?(size: number, wanted: number, reason: string): void;
}

/** What became of a pool. */
export interface PoolResult extends Rest {
  readonly counts: PoolCounts;
  readonly haltedBy: HaltReason | null;
  readonly elapsedMs: number;
  /** Why the input could not be read to its end. */
  readonly inputError: unknown;
}
