import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { FunctionCommand, ProgramCommand, TaskCommand, TaskOf } from '../../core/pool/task.ts';
import type { FamilyEnd } from '../family/end-family.ts';
import { ticksNow } from '../family/proc.ts';
import type { AttemptPlan } from './plan-attempt.ts';

/** One attempt at a task, with those who want to hear of it. */
export interface Attempt<Command extends TaskCommand = TaskCommand> {
  readonly task: TaskOf<Command>;
  readonly slot: number;
  readonly attempt: number;
  onData(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  onEnded(outcome: AttemptOutcome): void;
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

  /** When it began, on the kernel's scale; with slack, since that rounds start times down to 10 ms. */
  get sinceTicks(): number {
    return ticksNow() - Math.ceil((performance.now() - this.#begunAt) / 10) - 2;
  }
}
