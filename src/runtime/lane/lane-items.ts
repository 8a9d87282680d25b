import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { FamilyEnd } from '../family/end-family.ts';
import type { FamilyQuery } from '../family/family.ts';
import { type FunctionAttempt, ticksAt } from './attempt.ts';

/** An attempt that a worker of functions has, or is to have. */
export interface LaneItem {
  readonly attempt: FunctionAttempt;
  readonly token: string;
  /** Among all that its worker has been sent; 0: it was not sent. */
  number: number;
  /** On the clock of performance.now(). */
  readonly begunAt: number;
  /** As far as anybody has looked. */
  hasBegun: boolean;
  outcome: AttemptOutcome | undefined;
  /** The end of all its processes, once that has been asked for. */
  family: FamilyEnd | undefined;
  isFamilyGone: boolean;
}

export const laneItemOf = (attempt: FunctionAttempt): LaneItem => ({
  attempt,
  token: `${attempt.task.seq}.${attempt.attempt}`,
  number: 0,
  begunAt: performance.now(),
  hasBegun: false,
  outcome: undefined,
  family: undefined,
  isFamilyGone: false,
});

/** By what the processes of an item are found. @param pid of its worker */
export const familyQueryOf = ({ token, begunAt }: LaneItem, poolMark: string, pid: number): FamilyQuery => ({
  mark: `${poolMark}${token}/`,
  poolMark,
  shell: undefined,
  leader: pid,
  session: pid,
  sinceTicks: ticksAt(begunAt),
});

/** What has not settled of a lane, in the order in which its worker makes it. */
export class LaneItems {
  #all: LaneItem[] = [];

  get count(): number {
    return this.#all.length;
  }

  get first(): LaneItem | undefined {
    return this.#all[0];
  }

  /** The one that the worker is to answer, or was to answer, next. */
  get unanswered(): LaneItem | undefined {
    return this.#all.find(({ outcome }) => outcome === undefined);
  }

  add(item: LaneItem): void {
    this.#all.push(item);
  }

  has(item: LaneItem): boolean {
    return this.#all.includes(item);
  }

  ofNumber(number: number): LaneItem | undefined {
    return this.#all.find((item) => item.number === number);
  }

  ofTask(seq: number): LaneItem | undefined {
    return this.#all.find(({ attempt }) => attempt.task.seq === seq);
  }

  /** Whether nothing up to this number waits for an answer. */
  isAnswered(number: number): boolean {
    return this.#all.every((item) => item.number > number || item.outcome !== undefined);
  }

  remove(isOut: (item: LaneItem) => boolean): readonly LaneItem[] {
    const out = this.#all.filter(isOut);
    this.#all = this.#all.filter((item) => !isOut(item));
    return out;
  }

  clear(): void {
    this.#all = [];
  }
}
