import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { FunctionCommand, ProgramCommand, TaskCommand, TaskOf } from '../../core/pool/task.ts';
import type { TermSequence } from '../../core/pool/term-sequence.ts';
import type { FamilyEnd } from '../family/end-family.ts';
import { ticksNow } from '../family/proc.ts';
import type { AttemptPlan } from './plan-attempt.ts';

/** One attempt at a task, with those who want to hear of it. */
export interface Attempt<Command extends TaskCommand = TaskCommand> {
  readonly task: TaskOf<Command>;
  readonly slot: number;
  readonly attempt: number;
  /** What `PROCCTL_TASK_SEQ` is to say; absent: `seq` of the task, which names it here. */
  readonly inputSeq?: number;
  /** How it is ended, if it has to be; absent: as all others of its place. */
  readonly ending?: TermSequence;
  /** A function that is known to be short may be made by a worker that has others before it; absent: it has one to itself. */
  readonly mayWait?: boolean;
  /** Elsewhere it runs from now on: until then it was queued. Called again if it is begun anew, on another host as a rule. */
  onStarted?(): void;
  onData(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  /** It is begun anew, since the machine it ran on was lost: what it wrote so far does not count. */
  onBegunAnew?(): void;
  /** It has run into its time limit, ms, which is measured where it runs; it is being ended, or has ended. */
  onTimeLimit?(limitMs: number): void;
  /** @param measured absent: to be measured by who started it */
  onEnded(outcome: AttemptOutcome, measured?: Measured): void;
}

/** What only the machine knows on which an attempt ran. */
export interface Measured {
  readonly durationMs: number;
  readonly host: string;
}

export type ProgramAttempt = Attempt<ProgramCommand>;
export type FunctionAttempt = Attempt<FunctionCommand>;

export const isFunctionAttempt = (attempt: Attempt): attempt is FunctionAttempt =>
  attempt.task.command.kind === 'function';

/** The attempt a lane is running. */
export class Current {
  readonly attempt: ProgramAttempt;
  readonly plan: AttemptPlan;
  readonly token: string;
  readonly onFree: () => void;
  /** First process of an attempt that is a spawn of its own. */
  leader: number | undefined;
  /** The end of all its processes, once that has been asked for. */
  family: FamilyEnd | undefined;
  isFamilyGone = false;
  outcome: AttemptOutcome | undefined;
  follow: NodeJS.Timeout | undefined;
  readonly #begunAt = performance.now();

  constructor(attempt: ProgramAttempt, plan: AttemptPlan, onFree: () => void) {
    this.onFree = onFree;
    this.attempt = attempt;
    this.plan = plan;
    this.token = `${attempt.task.seq}.${attempt.attempt}`;
  }

  /** When it began, on the kernel's scale. */
  get sinceTicks(): number {
    return ticksAt(this.#begunAt);
  }
}

/**
 * A moment on the kernel's scale, with slack, since that rounds start times down to 10 ms. To be asked only when it is needed: it
 * reads a file.
 *
 * @param at of performance.now()
 */
export const ticksAt = (at: number): number => ticksNow() - Math.ceil((performance.now() - at) / 10) - 2;
