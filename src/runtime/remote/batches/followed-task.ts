import type { AttemptOutcome, TaskEnd } from '../../../core/pool/outcome.ts';
import type { TaskSpec } from '../../../core/pool/task.ts';
import type { LogEntry } from '../../../protocol/remote/batch.ts';
import type { Measured } from '../../lane/attempt.ts';
import type { TaskOutput } from '../../output/task-output.ts';
import { beganAt, begunRun, lostOutput, type TaskRun } from '../../pool/task-run.ts';
import type { Submitted } from '../submitted.ts';

/** One task of a batch, from the first that is heard of it until it has settled. */
export class FollowedTask {
  readonly task: TaskSpec;
  readonly run: TaskRun;
  /** The attempt that is at work, or whose output is still on its way. */
  current: Submitted | undefined;
  /** Its end, while its output is still on its way. */
  end: Extract<LogEntry, { kind: 'end' }> | undefined;
  /** What has happened since, and has to wait for it. */
  readonly later: LogEntry[] = [];
  /** How the last attempt ended that is over. */
  lastEnd: { readonly outcome: AttemptOutcome; readonly state: TaskEnd } | undefined;
  /** It waits for another attempt. */
  isWaiting = false;

  constructor(task: TaskSpec, output: TaskOutput) {
    this.task = task;
    this.run = begunRun({ task, slot: 0, attempt: 0, output, startedAt: undefined, now: 0 });
  }

  /** @param at when, ms since the epoch */
  begin(attempt: number, at: number): void {
    const { run } = this;
    this.isWaiting = false;
    if (run.attempt > 0) run.output.restart();
    run.attempt = attempt;
    run.durationMs = -1;
    run.failure = undefined;
    run.limitMs = undefined;
    beganAt(run, at);
    try {
      run.output.begin?.();
    } catch (error) {
      run.failure = lostOutput(error as NodeJS.ErrnoException);
    }
  }

  data(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const { run } = this;
    if (run.failure !== undefined) return;
    try {
      run.output.data(stream, chunk);
    } catch (error) {
      run.failure = lostOutput(error as NodeJS.ErrnoException);
    }
  }

  /** @param at when, ms since the epoch; @returns how it ended, in the eyes of who follows */
  finish(outcome: AttemptOutcome, measured: Measured | undefined, at: number): AttemptOutcome {
    const { run } = this;
    run.endedAt = at;
    run.durationMs = measured?.durationMs ?? Math.max(0, at - run.attemptStartedAt);
    run.host = measured?.host;
    beganAt(run, at - Math.round(run.durationMs));
    try {
      run.output.ended?.(run.failure === undefined, run.durationMs);
    } catch (error) {
      run.failure ??= lostOutput(error as NodeJS.ErrnoException);
    }
    return run.failure ?? outcome;
  }
}
