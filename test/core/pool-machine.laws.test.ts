import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffDelay } from '../../src/core/backoff.ts';
import { weigh } from '../../src/core/pool/critical-path.ts';
import type { HoldCause, PoolEffect, PoolEvent } from '../../src/core/pool/events.ts';
import { type HaltRule, parseHalt } from '../../src/core/pool/halt.ts';
import { PoolMachine, type PoolMachineOptions } from '../../src/core/pool/machine.ts';
import type { AttemptOutcome, TaskEnd, TaskSettlement } from '../../src/core/pool/outcome.ts';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { exited, killed, task } from './pool-helpers.ts';

/** What the world around a pool does next; `pick` chooses among what there is to choose from. */
type Step =
  | { do: 'submit'; tasks: Draft[] }
  | { do: 'end'; pick: number; outcome: AttemptOutcome }
  | { do: 'timeout' | 'retryDue' | 'repeat'; pick: number }
  | { do: 'stranger'; tag: 'ended' | 'timeoutElapsed' | 'retryDue'; seq: number; attempt: number }
  | { do: 'send'; event: PoolEvent };

/** A task to be: needs and what is done are chosen when it is known what there is. */
interface Draft {
  readonly retries: number | undefined;
  readonly priority: number | undefined;
  /** Any number; of two in a batch the one with the lower key may be needed by the other. */
  readonly key: number;
  readonly needs: readonly number[];
  readonly isDone: boolean;
}

/** `needing`: waits for others to succeed; `doomed`: one of them has not, so it is to be skipped in the same event. */
type Status = 'ready' | 'running' | 'waiting' | 'needing' | 'doomed' | 'settled';

/** What a bystander knows of one task. */
interface Seen {
  readonly task: TaskSpec;
  /** The longest chain that begins with it among those it was submitted with. */
  readonly path: number;
  status: Status;
  end: TaskEnd | null;
  attempt: number;
  slot: number;
  /** Why the present attempt was first asked to end, and how. */
  cause: 'timeout' | 'cancel' | 'displaced' | null;
  /** Attempts that had to give way. */
  displaced: number;
  /** What the last attempt that failed was. */
  failedAs: 'failed' | 'timedOut' | null;
  asked: ('graceful' | 'now')[];
  outcome: AttemptOutcome | null;
}

/** Plays the runtime, keeps its own books from the effects alone, and checks every law after every event. */
class World {
  readonly machine: PoolMachine;
  readonly #options: PoolMachineOptions;
  readonly #seen = new Map<number, Seen>();
  readonly #history: PoolEvent[] = [];
  readonly #done = new Set<number>();
  readonly #ends = { succeeded: 0, failed: 0, timedOut: 0, cancelled: 0, skipped: 0 };
  #size: number;
  readonly #holds = new Set<HoldCause>();
  /** Positions in the input, in the order of the starts of their present attempts. */
  #startOrder: number[] = [];
  #isInputOpen = true;
  #isHalted = false;
  /** How hard everything that runs must have been asked to end by now. */
  #endAsked: 'now' | null = null;
  #finishes = 0;

  constructor(options: PoolMachineOptions) {
    this.#options = options;
    this.#size = options.size;
    this.machine = new PoolMachine(options);
  }

  step(step: Step): void {
    if (this.#finishes > 0) return;
    const event = this.#eventOf(step);
    if (event === undefined) return;
    if (step.do === 'repeat' || step.do === 'stranger') this.#sendInVain(event);
    else this.send(event);
  }

  /** @returns what a step comes to; undefined when there is nothing to choose from */
  #eventOf(step: Step): PoolEvent | undefined {
    switch (step.do) {
      case 'submit': {
        if (!this.#isInputOpen) return undefined;
        const specs = this.#complete(step.tasks);
        const isDone = (_: unknown, index: number): boolean => step.tasks[index]?.isDone === true;
        const done = specs.filter(isDone);
        return { tag: 'submitted', tasks: specs.filter((spec) => !done.includes(spec)), done };
      }
      case 'end': {
        const seen = this.#pick('running', step.pick);
        return seen && { tag: 'ended', seq: seen.task.seq, attempt: seen.attempt, outcome: step.outcome };
      }
      case 'timeout': {
        const seen = this.#pick('running', step.pick);
        return seen && { tag: 'timeoutElapsed', seq: seen.task.seq, attempt: seen.attempt };
      }
      case 'retryDue': {
        const seen = this.#pick('waiting', step.pick);
        return seen && { tag: 'retryDue', seq: seen.task.seq, attempt: seen.attempt };
      }
      case 'repeat':
        return this.#history[step.pick % (this.#history.length || 1)];
      case 'stranger': {
        const { tag, seq, attempt } = step;
        const seen = this.#seen.get(seq);
        const isMeant = seen?.attempt === attempt && seen.status === (tag === 'retryDue' ? 'waiting' : 'running');
        return isMeant ? undefined : { tag, seq, attempt, outcome: exited(0) };
      }
      case 'send':
        return step.event;
    }
  }

  /** Tasks that need some that came before, or some of the same batch, never in a circle. */
  #complete(drafts: readonly Draft[]): TaskSpec[] {
    const before = this.#seen.size + this.#done.size;
    return drafts.map((draft, index) => {
      const mayNeed = (seq: number): boolean => {
        const other = drafts[seq - before - 1];
        if (other === undefined) return true;
        return other.key < draft.key || (other.key === draft.key && seq - before - 1 < index);
      };
      const seqs = draft.needs.map((pick) => 1 + (pick % (before + drafts.length))).filter(mayNeed);
      const needs = [...new Set(seqs)].map((seq) => ({ seq, id: String(seq) }));
      return {
        ...task(before + index + 1, draft.retries),
        ...(needs.length === 0 ? {} : { needs }),
        ...(draft.priority === undefined ? {} : { priority: draft.priority }),
      };
    });
  }

  /** Ends the input and answers every effect until the pool has finished. */
  drain(picks: number[]): void {
    for (const by of ['output', 'delay'] as const) {
      if (this.#finishes === 0) this.send({ tag: 'held', by, on: false });
    }
    if (this.#isInputOpen && this.#finishes === 0) this.send({ tag: 'inputEnded' });
    for (let round = 0; this.#finishes === 0; round++) {
      expect(this.#count('running') + this.#count('waiting'), 'a pool that is not done has something to do').not.toBe(
        0,
      );
      const pick = picks[round % picks.length] ?? 0;
      this.step({ do: 'retryDue', pick });
      if (this.#holds.has('delay')) this.step({ do: 'send', event: { tag: 'held', by: 'delay', on: false } });
      this.step({ do: 'end', pick, outcome: exited(pick % 2) });
    }
    expect(this.machine.isFinished).toBe(true);
    expect([...this.#seen.values()].filter((seen) => seen.status !== 'settled')).toEqual([]);
    for (const event of this.#history) this.#sendInVain(event);
    for (const mode of ['graceful', 'now'] as const) this.#sendInVain({ tag: 'cancel', mode });
    this.#sendInVain({ tag: 'submitted', tasks: [task(this.#seen.size + this.#done.size + 1)] });
    this.#sendInVain({ tag: 'inputFailed' });
  }

  send(event: PoolEvent): void {
    this.#note(event);
    const effects = this.machine.handle(event);
    for (const [index, effect] of effects.entries()) {
      this.#check(effect, event);
      if (effect.tag === 'finish') expect(index, 'finish comes last').toBe(effects.length - 1);
    }
    this.#checkBooks();
  }

  #sendInVain(event: PoolEvent): void {
    const before = this.machine.counts;
    expect(this.machine.handle(event), `${JSON.stringify(event)} comes too late`).toEqual([]);
    expect(this.machine.counts).toEqual(before);
  }

  #note(event: PoolEvent): void {
    switch (event.tag) {
      case 'submitted':
        for (const { seq } of event.done ?? []) this.#done.add(seq);
        for (const spec of event.tasks) {
          this.#seen.set(spec.seq, {
            task: spec,
            path: pathOf(spec, event.tasks, weigh(event.tasks, this.#options.expectedMs)),
            status: 'needing',
            end: null,
            attempt: 0,
            slot: 0,
            cause: null,
            displaced: 0,
            failedAs: null,
            asked: [],
            outcome: null,
          });
        }
        this.#noteNeeds();
        break;
      case 'ended':
        this.#of(event.seq).outcome = event.outcome;
        this.#history.push(event);
        break;
      case 'timeoutElapsed':
        this.#of(event.seq).cause ??= 'timeout';
        this.#history.push(event);
        break;
      case 'retryDue':
        this.#of(event.seq).status = 'ready';
        this.#history.push(event);
        break;
      case 'held':
        if (event.on) this.#holds.add(event.by);
        else this.#holds.delete(event.by);
        break;
      case 'scarce': {
        const running = [...this.#seen.values()].filter((seen) => seen.status === 'running');
        if (running.length < 2 || running.some((seen) => seen.asked.length > 0)) break;
        const youngest = this.#startOrder.findLast((seq) => this.#of(seq).status === 'running');
        this.#of(youngest ?? 0).cause = 'displaced';
        break;
      }
      case 'resized':
        this.#size = event.size;
        break;
      case 'cancel':
        this.#isHalted = true;
        if (event.mode === 'now') this.#endAsked = 'now';
        else for (const seen of this.#atWork()) seen.cause ??= 'cancel';
        break;
      case 'inputFailed':
        this.#isHalted = true;
        this.#isInputOpen = false;
        break;
      case 'inputEnded':
        this.#isInputOpen = false;
        break;
    }
    this.#noteHaltRule();
  }

  #check(effect: PoolEffect, event: PoolEvent): void {
    expect(this.#finishes, 'nothing comes after finish').toBe(0);
    switch (effect.tag) {
      case 'start':
        this.#checkStart(effect);
        break;
      case 'end':
        this.#checkEnd(effect, event);
        break;
      case 'retry':
        this.#checkRetry(effect);
        break;
      case 'requeue':
        this.#checkRequeue(effect);
        break;
      case 'settle':
        this.#checkSettle(effect.task.seq, effect.settlement);
        break;
      case 'finish':
        expect(this.#isInputOpen).toBe(false);
        this.#finishes += 1;
    }
  }

  #checkEnd({ seq, attempt, slot, mode }: Extract<PoolEffect, { tag: 'end' }>, event: PoolEvent): void {
    const seen = this.#of(seq);
    expect(seen).toMatchObject({ status: 'running', attempt, slot });
    expect(seen.outcome, 'an attempt that has ended is not ended again').toBeNull();
    expect(seen.asked, 'each way of ending is asked for once, and graceful first').not.toContain(mode);
    expect(seen.asked).not.toContain('now');
    if (event.tag !== 'timeoutElapsed') seen.cause ??= 'cancel';
    seen.asked.push(mode);
  }

  #checkRequeue({ task: { seq }, attempt, outcome }: Extract<PoolEffect, { tag: 'requeue' }>): void {
    const seen = this.#of(seq);
    expect(this.#isHalted, 'a halted pool does not start again what had to give way').toBe(false);
    expect(seen).toMatchObject({ status: 'running', attempt, outcome, cause: 'displaced', asked: ['graceful'] });
    expect(outcome, 'what succeeds all the same is done').not.toEqual(exited(0));
    seen.displaced += 1;
    seen.status = 'ready';
  }

  #checkRetry(effect: Extract<PoolEffect, { tag: 'retry' }>): void {
    const { attempt, outcome, timedOut } = effect;
    const seen = this.#of(effect.task.seq);
    const { retryDelay = { minMs: 0, maxMs: 0 } } = this.#options;
    expect(effect.delayMs).toBe(backoffDelay(attempt - seen.displaced, retryDelay));
    expect(this.#isHalted, 'a halted pool does not try again').toBe(false);
    expect(seen).toMatchObject({ status: 'running', attempt, outcome });
    expect(seen.cause, 'who had to give way is queued, not tried again').not.toBe('displaced');
    expect(attempt - seen.displaced).toBeLessThanOrEqual(this.#retriesOf(seen));
    expect(timedOut).toBe(seen.cause === 'timeout');
    if (!timedOut) expect(outcome, 'success is not tried again').not.toEqual(exited(0));
    seen.failedAs = timedOut ? 'timedOut' : 'failed';
    seen.status = 'waiting';
  }

  #checkStart({ task: { seq }, slot, attempt }: Extract<PoolEffect, { tag: 'start' }>): void {
    const seen = this.#of(seq);
    expect(this.#isHalted || this.#holds.size > 0, 'nothing starts while halted or held').toBe(false);
    if (this.#options.isSpaced === true) this.#holds.add('delay');
    this.#startOrder.push(seq);
    expect(seen.status).toBe('ready');
    expect(attempt).toBe(seen.attempt + 1);
    const taken = new Set(this.#atWork().map((other) => other.slot));
    expect(taken.size, 'never more than size at work').toBeLessThan(this.#size);
    let lowest = 1;
    while (taken.has(lowest)) lowest += 1;
    expect(slot, 'the lowest free slot').toBe(lowest);
    expect(slot).toBeLessThanOrEqual(this.#size);
    const retries = [...this.#seen.values()].filter((other) => other.status === 'ready' && other.attempt > 0);
    if (attempt === 1) {
      expect(retries, 'retries go first').toEqual([]);
      const first = [...this.#seen.values()].filter((other) => other.status === 'ready').sort(inOrderOfStarts)[0];
      expect(seq, 'then priority, the longer chain, the input').toBe(first?.task.seq);
    }
    Object.assign(seen, { status: 'running', attempt, slot, cause: null, asked: [], outcome: null });
  }

  #checkSettle(seq: number, settlement: TaskSettlement): void {
    const seen = this.#of(seq);
    expect(seen.status, 'a task settles once').not.toBe('settled');
    if (settlement.end === 'skipped') {
      expect(seen.status, 'skipped if and only if a need has not succeeded').toBe('doomed');
      this.#checkSkip(seen, settlement);
    } else if (seen.attempt === 0) {
      expect(seen.status, 'skipped if and only if a need has not succeeded').not.toBe('doomed');
      expect(this.#isHalted).toBe(true);
      expect(settlement).toEqual({ end: 'cancelled', attempts: 0 });
    } else {
      expect(seen.outcome, 'a task at work does not settle').not.toBeNull();
      const isQueuedAgain = seen.status === 'ready' && seen.cause === 'displaced';
      const end = isQueuedAgain ? (seen.failedAs ?? 'cancelled') : expectedEnd(seen);
      expect(settlement).toEqual({ end, outcome: seen.outcome, attempts: seen.attempt, slot: seen.slot });
      const isFailure = end === 'failed' || end === 'timedOut';
      if (isFailure && !this.#isHalted) {
        expect(seen.attempt - seen.displaced, 'no try is lost').toBe(this.#retriesOf(seen) + 1);
      }
    }
    seen.status = 'settled';
    seen.end = settlement.end;
    this.#ends[settlement.end] += 1;
    this.#noteNeeds();
    this.#noteHaltRule();
  }

  #checkSkip({ task: { needs = [] } }: Seen, { skip, ...rest }: TaskSettlement): void {
    expect(rest).toEqual({ end: 'skipped', attempts: 0 });
    const need = this.#of(Number(skip?.need.id));
    expect(needs.map(({ seq }) => seq)).toContain(need.task.seq);
    expect(need.end, 'the reason is a need that did not succeed').toBe(skip?.need.end);
    const root = this.#of(Number(skip?.root.id));
    expect(root.end).toBe(skip?.root.end);
    if (root !== need) expect(need.end).toBe('skipped');
    if (need.end !== 'skipped') expect(root).toBe(need);
  }

  /** Who may start, or never will, now that what they need has come to its end; a halt leaves them to be cancelled. */
  #noteNeeds(): void {
    if (this.#isHalted) return;
    let before: number;
    do {
      before = this.#count('needing');
      for (const seen of this.#seen.values()) {
        if (seen.status !== 'needing') continue;
        const ends = (seen.task.needs ?? []).map(({ seq }) => (this.#done.has(seq) ? 'succeeded' : this.#endOf(seq)));
        if (ends.some((end) => end !== 'succeeded' && end !== null)) seen.status = 'doomed';
        else if (ends.every((end) => end === 'succeeded')) seen.status = 'ready';
      }
    } while (this.#count('needing') < before);
  }

  #endOf(seq: number): TaskEnd | null {
    const { status, end } = this.#of(seq);
    return status === 'doomed' ? 'skipped' : end;
  }

  #checkBooks(): void {
    const counts = this.machine.counts;
    expect(counts).toEqual({
      submitted: this.#seen.size,
      alreadyDone: this.#done.size,
      ready: this.#count('ready'),
      running: this.#count('running'),
      waiting: this.#count('waiting') + this.#count('needing'),
      waitingForNeeds: this.#count('needing'),
      ...this.#ends,
      isInputOpen: this.#isInputOpen,
    });
    const settled = counts.succeeded + counts.failed + counts.timedOut + counts.cancelled + counts.skipped;
    expect(counts.ready + counts.running + counts.waiting + settled).toBe(counts.submitted);
    expect(this.#count('doomed'), 'who cannot start is skipped at once').toBe(0);
    expect(this.machine.isHalted !== null).toBe(this.#isHalted);
    expect(this.#count('running')).toBe(this.#atWork().length);
    for (const seen of this.#atWork()) {
      if (this.#endAsked !== null) expect(seen.asked, 'a cancel reaches all that runs').toContain(this.#endAsked);
      expect(seen.asked.length > 0, 'an end is asked for if and only if there is a cause').toBe(seen.cause !== null);
    }
    if (this.#isHalted) expect(counts.ready + counts.waiting, 'a halted pool holds nothing back').toBe(0);
    else if (this.#holds.size === 0 && counts.running < this.#size) expect(counts.ready, 'no slot idles').toBe(0);
    const isDone = !this.#isInputOpen && counts.ready + counts.running + counts.waiting === 0;
    expect(this.#finishes).toBe(isDone ? 1 : 0);
  }

  #noteHaltRule(): void {
    if (!this.#isRuleReached()) return;
    this.#isHalted = true;
    if (this.#options.halt.when === 'now') for (const seen of this.#atWork()) seen.cause ??= 'cancel';
  }

  #isRuleReached(): boolean {
    const { halt } = this.#options;
    if (halt.when === 'never') return false;
    const count = halt.on === 'fail' ? this.#ends.failed + this.#ends.timedOut : this.#ends.succeeded;
    if (halt.unit === 'tasks') return count >= halt.limit;
    return !this.#isInputOpen && this.#seen.size > 0 && count / this.#seen.size >= halt.limit / 100;
  }

  #retriesOf(seen: Seen): number {
    return seen.task.retries ?? this.#options.retries;
  }

  #atWork(): Seen[] {
    return [...this.#seen.values()].filter((seen) => seen.status === 'running' && seen.outcome === null);
  }

  #count(status: Status): number {
    return [...this.#seen.values()].filter((seen) => seen.status === status).length;
  }

  #pick(status: Status, pick: number): Seen | undefined {
    const choice = [...this.#seen.values()].filter((seen) => seen.status === status);
    return choice[pick % (choice.length || 1)];
  }

  #of(seq: number): Seen {
    const seen = this.#seen.get(seq);
    if (seen === undefined) throw new Error(`task ${seq} was never submitted`);
    return seen;
  }
}

const expectedEnd = ({ cause, outcome }: Seen): string => {
  if (cause === 'timeout') return 'timedOut';
  if (outcome?.kind === 'exited' && outcome.exitCode === 0) return 'succeeded';
  return cause === null ? 'failed' : 'cancelled';
};

const inOrderOfStarts = (one: Seen, other: Seen): number =>
  (other.task.priority ?? 0) - (one.task.priority ?? 0) || other.path - one.path || one.task.seq - other.task.seq;

/** By brute force. */
const pathOf = (spec: TaskSpec, batch: readonly TaskSpec[], weights: Float64Array): number => {
  const dependants = batch.filter(({ needs = [] }) => needs.some(({ seq }) => seq === spec.seq));
  const rest = dependants.map((dependant) => pathOf(dependant, batch, weights));
  return (weights[batch.indexOf(spec)] ?? 0) + Math.max(0, ...rest);
};

const pick = fc.nat(1000);
const outcome = fc.constantFrom<AttemptOutcome>(exited(0), exited(0), exited(1), killed, {
  kind: 'error',
  code: 'ENOENT',
  message: 'no such file',
});

const plainDraft = fc.record({
  retries: fc.constantFrom(undefined, 0, 1, 2),
  priority: fc.constant(undefined),
  key: fc.constant(0),
  needs: fc.constant([]),
  isDone: fc.constant(false),
});

const draft: fc.Arbitrary<Draft> = fc.oneof(
  plainDraft,
  fc.record({
    retries: fc.constantFrom(undefined, 0, 1, 2),
    priority: fc.constantFrom(undefined, undefined, 0, 1, -1, 2.5),
    key: fc.nat(5),
    needs: fc.array(pick, { maxLength: 3 }),
    isDone: fc.constantFrom(false, false, false, true),
  }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      tasks: fc.array(draft, { maxLength: 5 }),
    }),
  },
  { weight: 40, arbitrary: fc.record({ do: fc.constant('end' as const), pick, outcome }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('timeout' as const), pick }) },
  { weight: 16, arbitrary: fc.record({ do: fc.constant('retryDue' as const), pick }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('repeat' as const), pick }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('stranger' as const),
      tag: fc.constantFrom('ended', 'timeoutElapsed', 'retryDue'),
      seq: fc.integer({ min: 1, max: 30 }),
      attempt: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      event: fc.oneof(
        fc.record({
          tag: fc.constant('held' as const),
          by: fc.constantFrom<HoldCause>('output', 'delay'),
          on: fc.boolean(),
        }),
        fc.constant({ tag: 'scarce' as const }),
        fc.record({ tag: fc.constant('resized' as const), size: fc.integer({ min: 1, max: 6 }) }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      event: fc.constantFrom<PoolEvent>(
        { tag: 'cancel', mode: 'graceful' },
        { tag: 'cancel', mode: 'now' },
        { tag: 'inputEnded' },
        { tag: 'inputFailed' },
      ),
    }),
  },
);

const halt: fc.Arbitrary<HaltRule> = fc.oneof(
  fc.constant(parseHalt('never')),
  fc
    .tuple(fc.constantFrom('soon', 'now'), fc.constantFrom('fail=3', 'fail=20%', 'success=5', 'success=30%'))
    .map(([when, limit]) => parseHalt(`${when},${limit}`)),
);

const options: fc.Arbitrary<PoolMachineOptions> = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  retries: fc.integer({ min: 0, max: 2 }),
  retryDelay: fc.constantFrom(undefined, { minMs: 1000, maxMs: 3000 }),
  halt,
  expectedMs: fc.constantFrom(undefined, undefined, ({ seq }: TaskSpec) => [7, undefined, 0, 20, 7][seq % 5]),
  isSpaced: fc.boolean(),
});

it('keeps its laws in whatever order tasks end, fail, time out, retry or are cancelled', () => {
  fc.assert(
    fc.property(
      options,
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.array(pick, { minLength: 1, maxLength: 20 }),
      (given, steps, picks) => {
        const world = new World(given);
        for (const next of steps) world.step(next);
        world.drain(picks);
      },
    ),
    { numRuns: 1000 },
  );
});

it('gives the same effects for the same events', () => {
  const events: PoolEvent[] = [
    { tag: 'submitted', tasks: [task(1), task(2, 1), task(3), task(4)] },
    { tag: 'ended', seq: 2, attempt: 1, outcome: killed },
    { tag: 'retryDue', seq: 2, attempt: 1 },
    { tag: 'timeoutElapsed', seq: 1, attempt: 1 },
    { tag: 'cancel', mode: 'now' },
  ];
  const run = () => {
    const machine = new PoolMachine({ size: 2, retries: 0, halt: { when: 'never' } });
    return events.map((event) => machine.handle(event));
  };
  expect(run()).toEqual(run());
});

it('runs a long list through a small pool without losing its place', () => {
  const total = 20_000;
  const machine = new PoolMachine({ size: 3, retries: 0, halt: { when: 'never' } });
  const started: number[] = [];
  const queue = machine.handle({
    tag: 'submitted',
    tasks: Array.from({ length: total }, (_, index) => task(index + 1)),
  });
  for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
    if (effect.tag !== 'start') continue;
    started.push(effect.task.seq);
    queue.push(...machine.handle({ tag: 'ended', seq: effect.task.seq, attempt: 1, outcome: exited(0) }));
  }
  expect(started).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  expect(machine.handle({ tag: 'inputEnded' })).toEqual([{ tag: 'finish' }]);
});
