import { describe, expect, it } from 'vitest';
import type { TaskEnd } from '../../src/core/pool/outcome.ts';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { exited, killed, TalkingPool, task, tasks } from './pool-helpers.ts';

const needing = (seq: number, ...needs: number[]): TaskSpec => ({
  ...task(seq),
  needs: needs.map((need) => ({ seq: need, id: String(need) })),
});

const skipsOf = (pool: TalkingPool, event: Parameters<TalkingPool['machine']['handle']>[0]) =>
  pool.machine.handle(event).flatMap((effect) => {
    const skip = effect.tag === 'settle' ? effect.settlement.skip : undefined;
    return skip === undefined ? [] : [skip];
  });

describe('a task that needs others', () => {
  it('starts when all of them have succeeded, and not before', () => {
    const pool = new TalkingPool({ size: 4 });
    expect(pool.submit(needing(1, 2, 3), task(2), task(3))).toEqual(['start 2.1 in slot 1', 'start 3.1 in slot 2']);
    expect(pool.machine.counts).toMatchObject({ waiting: 1, waitingForNeeds: 1, ready: 0, running: 2 });
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded']);
    expect(pool.ended(3, exited(0))).toEqual(['settle 3 succeeded', 'start 1.1 in slot 1']);
    expect(pool.machine.counts).toMatchObject({ waiting: 0, waitingForNeeds: 0, running: 1 });
  });

  it('starts at once if they have succeeded before it came', () => {
    const pool = new TalkingPool();
    pool.submit(task(1));
    pool.ended(1, exited(0));
    expect(pool.submit(needing(2, 1))).toEqual(['start 2.1 in slot 1']);
  });

  it('counts what an earlier run has done as succeeded, whether that comes before or after it', () => {
    const pool = new TalkingPool();
    expect(pool.send({ tag: 'submitted', tasks: [needing(2, 1), needing(3, 4)], done: [task(1)] })).toEqual([
      'start 2.1 in slot 1',
    ]);
    expect(pool.send({ tag: 'submitted', tasks: [], done: [task(4)] })).toEqual(['start 3.1 in slot 2']);
  });

  it('is skipped with all that need it when one fails, each with its reason', () => {
    const pool = new TalkingPool();
    pool.submit(task(1), task(2), needing(3, 2, 1), needing(4, 3), needing(5, 2));
    expect(pool.ended(1, exited(7))).toEqual(['settle 1 failed', 'settle 3 skipped', 'settle 4 skipped']);
    expect(pool.ended(2, exited(0))).toEqual(['settle 2 succeeded', 'start 5.1 in slot 1']);
  });

  it('knows the need that it is skipped for, and the task with which that began', () => {
    const pool = new TalkingPool();
    pool.submit(task(1), needing(2, 1), needing(3, 2));
    pool.timeoutElapsed(1);
    const root = { id: '1', end: 'timedOut' };
    expect(skipsOf(pool, { tag: 'ended', seq: 1, attempt: 1, outcome: killed })).toEqual([
      { need: root, root },
      { need: { id: '2', end: 'skipped' }, root },
    ]);
    expect(skipsOf(pool, { tag: 'submitted', tasks: [needing(4, 1), needing(5, 3)] })).toEqual([
      { need: root, root },
      { need: { id: '3', end: 'skipped' }, root: { id: '3', end: 'skipped' } },
    ]);
  });

  it('waits on while its need is tried again', () => {
    const pool = new TalkingPool({ retries: 1 });
    pool.submit(task(1), needing(2, 1));
    expect(pool.ended(1, exited(1))).toEqual(['retry 1.1']);
    expect(pool.machine.counts).toMatchObject({ waiting: 2, waitingForNeeds: 1 });
    pool.retryDue(1);
    expect(pool.ended(1, exited(0), 2)).toEqual(['settle 1 succeeded', 'start 2.1 in slot 1']);
  });

  it('is cancelled when the pool is', () => {
    const pool = new TalkingPool();
    pool.submit(task(1), needing(2, 1), needing(3, 2));
    expect(pool.cancel('graceful')).toEqual(['end 1.1 graceful', 'settle 2 cancelled', 'settle 3 cancelled']);
  });

  it('is cancelled, not skipped, if its need fails for good because the pool halts', () => {
    const pool = new TalkingPool({ retries: 1 });
    pool.submit(task(1), needing(2, 1));
    pool.ended(1, exited(1));
    expect(pool.cancel('graceful')).toEqual(['settle 2 cancelled', 'settle 1 failed']);
  });

  it('is skipped if its need is the failure that halts the pool', () => {
    const pool = new TalkingPool({ halt: 'soon,fail=1' });
    pool.submit(task(1), needing(2, 1), task(3), needing(4, 3));
    expect(pool.ended(1, exited(1))).toEqual(['settle 1 failed', 'settle 2 skipped', 'settle 4 cancelled']);
  });

  it('does not count as a failure of its own for a halt rule', () => {
    const pool = new TalkingPool({ halt: 'soon,fail=2' });
    pool.submit(task(1), needing(2, 1), needing(3, 1), task(4), task(5));
    pool.ended(1, exited(1));
    expect(pool.machine.isHalted).toBeNull();
  });

  it('never hangs the pool, even if what it needs never comes or needs it in turn', () => {
    for (const lost of [[needing(1, 9)], [needing(1, 2), needing(2, 1)]]) {
      const pool = new TalkingPool();
      expect(pool.submit(...lost)).toEqual([]);
      expect(pool.inputEnded()).toEqual([...lost.map(({ seq }) => `settle ${seq} cancelled`), 'finish']);
    }
  });

  it('may stand in a chain of 100 000', () => {
    const length = 100_000;
    const chain = tasks(1, length).map(({ seq }) => (seq === 1 ? task(1) : needing(seq, seq - 1)));
    const pool = new TalkingPool();
    pool.submit(...chain.slice(0, 10));
    for (const next of chain.slice(10)) pool.machine.handle({ tag: 'submitted', tasks: [next] });
    const ends = pool.machine
      .handle({ tag: 'ended', seq: 1, attempt: 1, outcome: exited(1) })
      .flatMap((effect): TaskEnd[] => (effect.tag === 'settle' ? [effect.settlement.end] : []));
    expect(ends).toHaveLength(length);
    expect(pool.machine.counts).toMatchObject({ failed: 1, skipped: length - 1, waiting: 0 });
  });
});

describe('the order of starts', () => {
  it('is that of priority, then of the longer chain, then of the input', () => {
    const pool = new TalkingPool({ size: 1 });
    pool.submit(task(1));
    pool.submit(task(2), { ...task(3), priority: -1 }, task(4), needing(5, 4), { ...task(6), priority: 0.5 });
    const order = ['6', '4', '2', '5', '3'];
    const started = order.map((_, index) => pool.ended(index === 0 ? 1 : Number(order[index - 1]), exited(0))[1]);
    expect(started).toEqual(order.map((seq) => `start ${seq}.1 in slot 1`));
  });

  it('puts what has been tried before the highest priority', () => {
    const pool = new TalkingPool({ size: 1, retries: 1 });
    pool.submit(task(1), { ...task(2), priority: 9 }, { ...task(3), priority: 9 });
    expect(pool.ended(2, exited(1))).toEqual(['retry 2.1', 'start 3.1 in slot 1']);
    pool.retryDue(2);
    expect(pool.ended(3, exited(0))).toEqual(['settle 3 succeeded', 'start 2.2 in slot 1']);
  });

  it('is that of the input for a task that had to wait, too', () => {
    const pool = new TalkingPool({ size: 1 });
    pool.submit(task(1));
    pool.submit(needing(2, 1));
    pool.submit(task(3));
    expect(pool.ended(1, exited(0))).toEqual(['settle 1 succeeded', 'start 2.1 in slot 1']);
  });

  it('is that of the input again among equals, however many', () => {
    const pool = new TalkingPool({ size: 1 });
    pool.submit(...tasks(1, 500), { ...task(501), priority: 1 });
    let at = 501;
    for (let seq = 1; seq <= 500; seq++) {
      expect(pool.ended(at, exited(0))[1]).toBe(`start ${seq}.1 in slot 1`);
      at = seq;
    }
  });
});

describe('the pause before another try', () => {
  it('grows from the shortest to the longest', () => {
    const pool = new TalkingPool({ retries: 9, retryDelay: { minMs: 1000, maxMs: 5000 } });
    pool.submit(task(1), { ...task(2), retryDelay: { minMs: 50, maxMs: 50 } });
    const delays = (seq: number) =>
      [1, 2, 3, 4, 5].map((attempt) => {
        const [effect] = pool.machine.handle({ tag: 'ended', seq, attempt, outcome: exited(1) });
        pool.retryDue(seq, attempt);
        return effect?.tag === 'retry' && effect.delayMs;
      });
    expect(delays(1)).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect(delays(2)).toEqual([50, 50, 50, 50, 50]);
  });
});
