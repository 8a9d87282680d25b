import type { Backoff } from '../../src/core/backoff.ts';
import type { EndMode, PoolEffect, PoolEvent } from '../../src/core/pool/events.ts';
import { parseHalt } from '../../src/core/pool/halt.ts';
import { PoolMachine } from '../../src/core/pool/machine.ts';
import type { AttemptOutcome } from '../../src/core/pool/outcome.ts';
import type { TaskSpec } from '../../src/core/pool/task.ts';

export const task = (seq: number, retries?: number): TaskSpec => ({
  seq,
  id: String(seq),
  name: `task ${seq}`,
  command: { kind: 'argv', argv: ['true'] },
  ...(retries === undefined ? {} : { retries }),
});

/** Tasks `from`..`to`. */
export const tasks = (from: number, to: number): TaskSpec[] =>
  Array.from({ length: to - from + 1 }, (_, index) => task(from + index));

export const exited = (exitCode: number): AttemptOutcome => ({ kind: 'exited', exitCode });

export const killed: AttemptOutcome = { kind: 'signaled', signal: 'SIGTERM' };

/** One line an effect, so that a test reads as a story. */
export const brief = (effect: PoolEffect): string => {
  switch (effect.tag) {
    case 'start':
      return `start ${effect.task.seq}.${effect.attempt} in slot ${effect.slot}`;
    case 'end':
      return `end ${effect.seq}.${effect.attempt} ${effect.mode}`;
    case 'retry':
      return `retry ${effect.task.seq}.${effect.attempt}${effect.timedOut ? ' after its timeout' : ''}`;
    case 'requeue':
      return `requeue ${effect.task.seq}.${effect.attempt}`;
    case 'settle':
      return `settle ${effect.task.seq} ${effect.settlement.end}`;
    case 'finish':
      return 'finish';
  }
};

export interface PoolOptions {
  readonly size?: number;
  readonly retries?: number;
  readonly retryDelay?: Backoff;
  readonly halt?: string;
  readonly isSpaced?: boolean;
}

/** A pool one can talk to in short; every call returns its effects in brief. */
export class TalkingPool {
  readonly machine: PoolMachine;

  constructor(options: PoolOptions = {}) {
    const { size = 2, retries = 0, retryDelay, halt = 'never', isSpaced = false } = options;
    this.machine = new PoolMachine({ size, retries, retryDelay, halt: parseHalt(halt), isSpaced });
  }

  send(event: PoolEvent): string[] {
    return this.machine.handle(event).map(brief);
  }

  submit(...specs: TaskSpec[]): string[] {
    return this.send({ tag: 'submitted', tasks: specs });
  }

  ended(seq: number, outcome: AttemptOutcome, attempt = 1): string[] {
    return this.send({ tag: 'ended', seq, attempt, outcome });
  }

  timeoutElapsed(seq: number, attempt = 1): string[] {
    return this.send({ tag: 'timeoutElapsed', seq, attempt });
  }

  retryDue(seq: number, attempt = 1): string[] {
    return this.send({ tag: 'retryDue', seq, attempt });
  }

  cancel(mode: EndMode): string[] {
    return this.send({ tag: 'cancel', mode });
  }

  scarce(): string[] {
    return this.send({ tag: 'scarce' });
  }

  delayOver(): string[] {
    return this.send({ tag: 'held', by: 'delay', on: false });
  }

  throttled(on: boolean): string[] {
    return this.send({ tag: 'held', by: 'output', on });
  }

  resized(size: number): string[] {
    return this.send({ tag: 'resized', size });
  }

  inputEnded(): string[] {
    return this.send({ tag: 'inputEnded' });
  }

  inputFailed(): string[] {
    return this.send({ tag: 'inputFailed' });
  }
}

/** A pool to which `count` tasks have been given. */
export const poolWith = (count: number, options: PoolOptions = {}): TalkingPool => {
  const pool = new TalkingPool(options);
  pool.submit(...tasks(1, count));
  return pool;
};
