import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Life, type LifeEffect, type LifeEvent, MAX_HISTORY, newLife } from '../../src/core/process/life.ts';
import { step } from '../../src/core/process/machine.ts';
import { MOVES } from '../../src/core/process/moves.ts';
import type { ProcessOutcome } from '../../src/core/process/outcome.ts';
import type { ProcessPolicy } from '../../src/core/process/policy.ts';
import { bySignal, mainOf, UNKNOWN, withCode } from './process-helpers.ts';

type Word = 'started' | 'startFailed' | 'exited' | 'cleared' | 'due';

type Asked = 'start' | 'stop' | 'shutdown' | 'restart' | 'pause' | 'resume';

/** What happens next around a process; `pick` chooses among the runs to which it can happen. */
type Step =
  | { readonly do: 'ask'; readonly what: Asked }
  | { readonly do: 'fork' | 'cannotFork' | 'sayStarted' | 'sayExited' | 'clear'; readonly pick: number }
  | { readonly do: 'die'; readonly pick: number; readonly outcome: ProcessOutcome; readonly leavesSome: boolean }
  | { readonly do: 'ring' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'repeat'; readonly pick: number }
  | { readonly do: 'stranger'; readonly tag: Word; readonly run: number };

/** One run as it truly is, whatever has been reported of it. */
interface Run {
  readonly run: number;
  /** `ordered`: it may still come to be; `never`: it cannot any more. */
  body: 'ordered' | 'alive' | 'dead' | 'never';
  startedMs: number;
  outcome: ProcessOutcome;
  /** Some of what it has started is still there. */
  hasRest: boolean;
  isStartTold: boolean;
  isEndTold: boolean;
  asked: 'all' | 'rest' | null;
  isClearTold: boolean;
  isFrozen: boolean;
}

/** Nothing of it is there, and nothing will be. */
const isOver = ({ body, hasRest }: Run): boolean => (body === 'dead' || body === 'never') && !hasRest;

/** Plays kernel, shim and daemon around one life, and checks every law after every event. */
class World {
  life: Life = newLife();
  nowMs = 1_000;
  readonly #policy: ProcessPolicy;
  readonly #runs: Run[] = [];
  readonly #told: LifeEvent[] = [];
  #alarm: { readonly run: number; readonly dueMs: number } | null = null;
  #wanted: 'up' | 'down' = 'down';
  /** Automatic starts since the last one by hand. */
  #restarts = 0;
  launches = 0;

  constructor(policy: ProcessPolicy) {
    this.#policy = policy;
  }

  step(next: Step): void {
    switch (next.do) {
      case 'ask':
        this.#ask(next.what);
        return;
      case 'fork':
        this.#with(
          next.pick,
          ({ body }) => body === 'ordered',
          (run) => {
            run.body = 'alive';
            run.startedMs = this.nowMs;
          },
        );
        return;
      case 'cannotFork':
        this.#with(
          next.pick,
          ({ body }) => body === 'ordered',
          (run) => {
            run.body = 'never';
            this.#tell({ tag: 'startFailed', run: run.run, why: 'no room', atMs: this.nowMs });
          },
        );
        return;
      case 'die':
        this.#with(
          next.pick,
          ({ body }) => body === 'alive',
          (run) => {
            run.body = 'dead';
            run.outcome = next.outcome;
            run.hasRest = next.leavesSome;
          },
        );
        return;
      case 'sayStarted':
        this.#with(
          next.pick,
          (run) => isBorn(run) && !run.isStartTold && !run.isEndTold,
          (run) => this.#tellStart(run),
        );
        return;
      case 'sayExited':
        // The word of the start may be lost, if a daemon read it and was killed.
        this.#with(
          next.pick,
          (run) => run.body === 'dead' && !run.isEndTold,
          (run) => this.#tellEnd(run),
        );
        return;
      case 'clear':
        this.#with(
          next.pick,
          (run) => run.asked !== null && !run.isClearTold,
          (run) => this.#clear(run),
        );
        return;
      case 'ring':
        this.#ring();
        return;
      case 'pass':
        this.nowMs += next.ms;
        return;
      case 'repeat': {
        const event = this.#told[next.pick % (this.#told.length || 1)];
        if (event !== undefined) this.#sendInVain(event);
        return;
      }
      case 'stranger':
        if (next.run !== this.life.run) this.#sendInVain(this.#wordOf(next.tag, next.run));
    }
  }

  /** Everything that is under way comes to its end, and everything there is to say is said. */
  settle(): void {
    for (let round = 0; round < 20; round += 1) {
      for (const run of this.#runs) {
        if (run.body === 'ordered') run.body = 'alive';
        if (isBorn(run) && !run.isStartTold && !run.isEndTold) this.#tellStart(run);
        if (run.asked !== null && !run.isClearTold) this.#clear(run);
        if (run.body === 'dead' && !run.isEndTold) this.#tellEnd(run);
      }
    }
    expect(['running', 'waiting', 'exited', 'failed'], 'it comes to rest when the world does').toContain(
      this.life.state.tag,
    );
  }

  #ask(what: Asked): void {
    if (what === 'start' || what === 'restart') this.#wanted = 'up';
    if (what === 'stop') this.#wanted = 'down';
    if (what === 'stop' || what === 'shutdown') this.send({ tag: 'stop', endedBy: what });
    else if (what === 'resume') this.send({ tag: what, atMs: this.nowMs });
    else this.send({ tag: what });
  }

  #tellStart(run: Run): void {
    run.isStartTold = true;
    this.#tell({ tag: 'started', run: run.run, main: mainOf(run.run, run.startedMs) });
  }

  #tellEnd(run: Run): void {
    run.isEndTold = true;
    const at = run.outcome.kind === 'unknown' ? null : this.nowMs;
    this.#tell({ tag: 'exited', run: run.run, outcome: run.outcome, at, atMs: this.nowMs });
  }

  /** What the effect `end` comes to. */
  #clear(run: Run): void {
    if (run.body === 'alive') {
      run.body = 'dead';
      run.outcome = bySignal('SIGTERM');
    }
    run.hasRest = false;
    run.isClearTold = true;
    this.#tell({ tag: 'cleared', run: run.run, atMs: this.nowMs });
  }

  #ring(): void {
    if (this.#alarm === null) return;
    const { run, dueMs } = this.#alarm;
    this.nowMs = Math.max(this.nowMs, dueMs);
    this.#alarm = null;
    this.#tell({ tag: 'due', run });
  }

  #with(pick: number, fits: (run: Run) => boolean, act: (run: Run) => void): void {
    const fitting = this.#runs.filter(fits);
    const run = fitting[pick % (fitting.length || 1)];
    if (run !== undefined) act(run);
  }

  #wordOf(tag: Word, run: number): LifeEvent {
    switch (tag) {
      case 'started':
        return { tag, run, main: mainOf(run, this.nowMs) };
      case 'startFailed':
        return { tag, run, why: 'late', atMs: this.nowMs };
      case 'exited':
        return { tag, run, outcome: withCode(9), at: 1, atMs: this.nowMs };
      case 'cleared':
        return { tag, run, atMs: this.nowMs };
      case 'due':
        return { tag, run };
    }
  }

  #tell(event: LifeEvent): void {
    this.#told.push(event);
    this.send(event);
    // A clock that was set for the start may run out at any time after it.
    if (event.tag === 'exited' || event.tag === 'started') this.#sendLateFailure(event.run);
  }

  #sendLateFailure(run: number): void {
    if (run === this.life.run && this.life.state.tag !== 'ready') {
      this.#sendInVain({ tag: 'startFailed', run, why: 'late', atMs: this.nowMs });
    }
  }

  #sendInVain(event: LifeEvent): void {
    const { life, effects } = step(this.life, this.#policy, event);
    expect({ effects, life }, `${JSON.stringify(event)} comes too late`).toEqual({ effects: [], life: this.life });
  }

  send(event: LifeEvent): void {
    const before = this.life;
    const { life, effects } = step(before, this.#policy, event);
    this.life = life;
    if (effects.length > 0 || !isDeepStrictEqual(before, life)) {
      const targets: Readonly<Record<string, readonly string[]>> = MOVES[before.state.tag];
      expect(targets[event.tag], `${before.state.tag} on ${event.tag}`).toContain(life.state.tag);
    }
    if (life.state.tag !== 'waiting' || life.state.reason === 'paused') this.#alarm = null;
    const isByHand =
      event.tag !== 'due' &&
      event.tag !== 'resume' &&
      !effects.some((effect) => effect.tag === 'note' && effect.what === 'restarting');
    for (const effect of effects) this.#check(effect, before, isByHand);
    this.#checkBooks(before, event);
  }

  #check(effect: LifeEffect, before: Life, isByHand: boolean): void {
    switch (effect.tag) {
      case 'launch': {
        expect(
          this.#runs.filter((run) => !isOver(run)),
          'never two runs at once',
        ).toEqual([]);
        expect(effect.run, 'run numbers grow by one').toBe(before.run + 1);
        expect(this.#wanted, 'nothing is started that is not wanted').toBe('up');
        this.#restarts = isByHand ? 0 : this.#restarts + 1;
        this.launches += 1;
        this.#runs.push({
          run: effect.run,
          body: 'ordered',
          startedMs: 0,
          outcome: UNKNOWN,
          hasRest: false,
          isStartTold: false,
          isEndTold: false,
          asked: null,
          isClearTold: false,
          isFrozen: false,
        });
        return;
      }
      case 'end': {
        const run = this.#runs.find(({ run }) => run === effect.run) as Run;
        expect(run.isClearTold, 'a run that is gone is not ended again').toBe(false);
        expect(run.asked === null || (run.asked === 'all' && effect.what === 'rest')).toBe(true);
        expect(effect.what === 'rest' ? run.isEndTold : run.isStartTold).toBe(true);
        run.asked = effect.what;
        // To end something is to have it go on first.
        run.isFrozen = false;
        return;
      }
      case 'freeze':
      case 'thaw': {
        const run = this.#runs.find(({ run }) => run === effect.run) as Run;
        expect(run.isFrozen, `${effect.tag} only what is not so already`).toBe(effect.tag === 'thaw');
        expect([run.isStartTold, run.isEndTold]).toEqual([true, false]);
        run.isFrozen = effect.tag === 'freeze';
        return;
      }
      case 'wake':
        expect(this.life.state).toMatchObject({
          tag: 'waiting',
          reason: 'backoff',
          dueMs: this.nowMs + effect.afterMs,
        });
        this.#alarm = { run: effect.run, dueMs: this.nowMs + effect.afterMs };
        return;
      case 'note':
        if (effect.what === 'restarting') expect(effect.restarts).toBe(before.restarts + 1);
    }
  }

  #checkBooks(before: Life, event: LifeEvent): void {
    const { state, wanted, history, restarts, streak, recent, run } = this.life;
    expect(wanted, 'wanted is what was asked for last').toBe(this.#wanted);
    expect(run).toBe(this.launches);
    if (state.tag === 'ready' || state.tag === 'running' || state.tag === 'stopping') expect(state.run).toBe(run);
    for (const known of this.#runs) {
      if (isOver(known) && known.body === 'never') continue;
      const isNamed =
        known.run === run && (state.tag === 'ready' || state.tag === 'running' || state.tag === 'stopping');
      if (!isOver(known)) expect(isNamed, `run ${known.run} is there, and known`).toBe(true);
    }
    expect(this.#alarm !== null, 'an alarm is set while it waits for one, and only then').toBe(
      state.tag === 'waiting' && state.reason === 'backoff',
    );
    const frozen = this.#runs.filter(({ isFrozen }) => isFrozen).map((known) => known.run);
    expect(frozen, 'what is stopped is the paused run').toEqual(state.tag === 'running' && state.isPaused ? [run] : []);
    const told = this.#runs.filter(({ isEndTold }) => isEndTold).map((known) => known.run);
    expect(history.map((ending) => ending.run)).toEqual(told.reverse().slice(0, MAX_HISTORY));
    expect(streak).toBeLessThanOrEqual(restarts);
    expect(restarts, 'a restart counts once it is made').toBe(this.#restarts);
    const { max, withinMs } = this.#policy.restartLimit;
    if (max !== null) {
      expect(recent.length).toBeLessThanOrEqual(max);
      expect((recent[0] ?? 0) - (recent.at(-1) ?? 0)).toBeLessThanOrEqual(withinMs);
    }
    if (event.tag === 'stop' && before.state.tag === 'running') expect(state.tag).toBe('stopping');
  }
}

const isBorn = ({ body }: Run): boolean => body === 'alive' || body === 'dead';

const outcomeArb = fc.constantFrom<ProcessOutcome>(withCode(0), withCode(1), withCode(3), bySignal('SIGKILL'), UNKNOWN);

const policyArb = fc.record<ProcessPolicy>({
  restart: fc.constantFrom('no', 'on-failure', 'always'),
  okExitCodes: fc.constantFrom([0], [0, 3]),
  restartLimit: fc.record({ max: fc.constantFrom(null, 0, 1, 3), withinMs: fc.constantFrom(1, 5_000, 60_000) }),
  backoff: fc.constantFrom({ minMs: 0, maxMs: 0 }, { minMs: 1_000, maxMs: 30_000 }, { minMs: 5, maxMs: 7 }),
  stableAfterMs: fc.constantFrom(0, 2_000, 10_000),
});

const pick = fc.nat(5);
const stepArb: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      what: fc.constantFrom<Asked>('start', 'stop', 'shutdown', 'restart', 'pause', 'pause', 'resume'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('fork', 'sayStarted', 'sayExited', 'clear'), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cannotFork' as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('die' as const), pick, outcome: outcomeArb, leavesSome: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'ring' }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(12_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), pick: fc.nat(100) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('stranger' as const),
      tag: fc.constantFrom<Word>('started', 'startFailed', 'exited', 'cleared', 'due'),
      run: fc.nat(12),
    }),
  },
);
const storyArb = fc.array(stepArb, { maxLength: 80 });

const worldAfter = (policy: ProcessPolicy, story: readonly Step[]): World => {
  const world = new World(policy);
  world.step({ do: 'ask', what: 'start' });
  for (const next of story) world.step(next);
  return world;
};

it('keeps every law, in whatever order things happen, are told late, twice, or of other runs', () => {
  fc.assert(
    fc.property(policyArb, storyArb, (policy, story) => worldAfter(policy, story).settle()),
    { numRuns: 1_000 },
  );
});

it('always comes to rest after a stop, starts nothing more, and stays down', () => {
  fc.assert(
    fc.property(policyArb, storyArb, storyArb, (policy, story, after) => {
      const world = worldAfter(policy, story);
      world.step({ do: 'ask', what: 'stop' });
      const launches = world.launches;
      for (const next of after) if (next.do !== 'ask') world.step(next);
      world.settle();
      expect(world.life).toMatchObject({ state: { tag: 'exited' }, wanted: 'down' });
      expect(world.launches).toBe(launches);
    }),
    { numRuns: 500 },
  );
});

it('comes to rest when the daemon ends it, and is wanted as before', () => {
  fc.assert(
    fc.property(policyArb, storyArb, storyArb, (policy, story, after) => {
      const world = worldAfter(policy, story);
      const { wanted } = world.life;
      world.step({ do: 'ask', what: 'shutdown' });
      const launches = world.launches;
      for (const next of after) if (next.do !== 'ask') world.step(next);
      world.settle();
      expect(['exited', 'failed']).toContain(world.life.state.tag);
      expect(world.life.wanted).toBe(wanted);
      expect(world.launches).toBe(launches);
    }),
    { numRuns: 500 },
  );
});

it('runs after a start by hand, whatever was before, if its program lives', () => {
  fc.assert(
    fc.property(policyArb, storyArb, fc.constantFrom('start', 'restart'), (policy, story, what) => {
      const world = worldAfter(policy, story);
      world.settle();
      world.step({ do: 'ask', what });
      world.settle();
      expect(world.life).toMatchObject({ state: { tag: 'running' }, wanted: 'up' });
    }),
    { numRuns: 300 },
  );
});
