import type { Life, LifeEffect, LifeEvent, MainProcess } from '../../src/core/process/life.ts';
import { newLife } from '../../src/core/process/life.ts';
import { step } from '../../src/core/process/machine.ts';
import type { ProcessOutcome } from '../../src/core/process/outcome.ts';
import type { ProcessPolicy } from '../../src/core/process/policy.ts';

/** The defaults of `procctl spawn`. */
export const DEFAULT_POLICY: ProcessPolicy = {
  restart: 'on-failure',
  okExitCodes: [0],
  restartLimit: { max: 5, withinMs: 60_000 },
  backoff: { minMs: 1_000, maxMs: 30_000 },
  stableAfterMs: 10_000,
};

export const withCode = (exitCode: number): ProcessOutcome => ({ kind: 'exited', exitCode });
export const bySignal = (signal: string): ProcessOutcome => ({ kind: 'signaled', signal });
export const UNKNOWN: ProcessOutcome = { kind: 'unknown', why: 'its shim was killed' };

/** The main program of a run, which began at `atMs`. */
export const mainOf = (run: number, atMs: number): MainProcess => ({
  pid: 1000 + run,
  startTicks: 50 + run,
  startedAt: 1_700_000_000_000 + atMs,
  startedMs: atMs,
});

/** An effect in short: `launch 2`, `end 2 all`, `wake 2 1000`, `note restarting 1000 1`. */
export const brief = (effect: LifeEffect): string => {
  switch (effect.tag) {
    case 'launch':
      return `launch ${effect.run}`;
    case 'end':
      return `end ${effect.run} ${effect.what}`;
    case 'wake':
      return `wake ${effect.run} ${effect.afterMs}`;
    case 'freeze':
    case 'thaw':
      return `${effect.tag} ${effect.run}`;
    case 'note':
      if (effect.what === 'exited') return `note exited ${effect.ending.run}`;
      if (effect.what === 'failed') return `note failed ${effect.why}`;
      return effect.what === 'restarting'
        ? `note restarting ${effect.afterMs} ${effect.restarts}`
        : `note ${effect.what}`;
  }
};

/** A life that is spoken to in short sentences, with a clock that only the test moves. */
export class TalkingLife {
  life: Life = newLife();
  nowMs = 0;
  readonly policy: ProcessPolicy;

  constructor(policy: Partial<ProcessPolicy> = {}) {
    this.policy = { ...DEFAULT_POLICY, ...policy };
  }

  get tag(): Life['state']['tag'] {
    return this.life.state.tag;
  }

  send(event: LifeEvent): string[] {
    const { life, effects } = step(this.life, this.policy, event);
    this.life = life;
    return effects.map(brief);
  }

  start(): string[] {
    return this.send({ tag: 'start' });
  }

  stop(): string[] {
    return this.send({ tag: 'stop', endedBy: 'stop' });
  }

  /** The daemon ends everything. */
  shutdown(): string[] {
    return this.send({ tag: 'stop', endedBy: 'shutdown' });
  }

  restart(): string[] {
    return this.send({ tag: 'restart' });
  }

  pause(): string[] {
    return this.send({ tag: 'pause' });
  }

  resume(): string[] {
    return this.send({ tag: 'resume', atMs: this.nowMs });
  }

  started(run = this.life.run): string[] {
    return this.send({ tag: 'started', run, main: mainOf(run, this.nowMs) });
  }

  startFailed(run = this.life.run): string[] {
    return this.send({ tag: 'startFailed', run, why: 'no room', atMs: this.nowMs });
  }

  exited(outcome: ProcessOutcome = withCode(1), run = this.life.run): string[] {
    const at = outcome.kind === 'unknown' ? null : 1_700_000_000_000 + this.nowMs;
    return this.send({ tag: 'exited', run, outcome, at, atMs: this.nowMs });
  }

  cleared(run = this.life.run): string[] {
    return this.send({ tag: 'cleared', run, atMs: this.nowMs });
  }

  due(run = this.life.run): string[] {
    return this.send({ tag: 'due', run });
  }

  /** The run ends by itself after `livedMs`, with nothing left behind. */
  fails(livedMs = 0): string[] {
    this.started();
    this.nowMs += livedMs;
    return [...this.exited(), ...this.cleared()];
  }
}

/** A life with a run under way. */
export const runningLife = (policy: Partial<ProcessPolicy> = {}): TalkingLife => {
  const life = new TalkingLife(policy);
  life.start();
  life.started();
  return life;
};
