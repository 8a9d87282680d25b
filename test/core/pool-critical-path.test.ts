import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalPaths, weigh } from '../../src/core/pool/critical-path.ts';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { task, tasks } from './pool-helpers.ts';

const needing = (seq: number, ...needs: number[]): TaskSpec => ({
  ...task(seq),
  needs: needs.map((need) => ({ seq: need, id: String(need) })),
});

/** Tasks whose needs are chosen among those before them in a random order, then in the order of their numbers. */
const graph = fc.array(fc.array(fc.nat(100), { maxLength: 3 }), { minLength: 1, maxLength: 9 }).chain((picks) =>
  fc.shuffledSubarray([...picks.keys()], { minLength: picks.length }).map((order) =>
    order
      .map((index, rank) => {
        const needs = rank === 0 ? [] : (picks[rank] ?? []).map((pick) => 11 + (order[pick % rank] as number));
        return needs.length === 0 ? task(11 + index) : needing(11 + index, ...needs);
      })
      .sort((a, b) => a.seq - b.seq),
  ),
);

/** Walks every chain that begins with a task. */
const longestByForce = (all: readonly TaskSpec[], weights: readonly number[], at: number): number => {
  const { seq } = all[at] as TaskSpec;
  const next = all.flatMap(({ needs = [] }, index) => (needs.some((need) => need.seq === seq) ? [index] : []));
  return (weights[at] ?? 0) + Math.max(0, ...next.map((index) => longestByForce(all, weights, index)));
};

describe('the critical path', () => {
  it('is the longest of all chains that begin with a task, as trying all of them shows', () => {
    fc.assert(
      fc.property(graph, fc.array(fc.nat(50), { minLength: 9, maxLength: 9 }), (all, given) => {
        const weights = given.slice(0, all.length);
        const expected = all.map((_, index) => longestByForce(all, weights, index));
        expect([...criticalPaths(all, Float64Array.from(weights))]).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('counts only needs among the tasks that are given, and each once or more to the same end', () => {
    const all = [task(5), needing(6, 1, 2), needing(7, 5, 5, 5)];
    expect([...criticalPaths(all, weigh(all, undefined))]).toEqual([2, 1, 1]);
  });

  it('goes along a chain of 100 000 tasks without recursion', () => {
    const length = 100_000;
    const forth = tasks(1, length).map(({ seq }) => (seq === 1 ? task(1) : needing(seq, seq - 1)));
    expect(criticalPaths(forth, weigh(forth, undefined))[0]).toBe(length);
    const back = tasks(1, length).map(({ seq }) => (seq === length ? task(seq) : needing(seq, seq + 1)));
    expect(criticalPaths(back, weigh(back, undefined))[length - 1]).toBe(length);
  });

  it('ends also for a cycle, which can only be a mistake of a caller', () => {
    const all = [needing(1, 2), needing(2, 1), needing(3, 2)];
    expect(criticalPaths(all, weigh(all, undefined))).toHaveLength(3);
  });
});

describe('what a task counts', () => {
  const all = tasks(1, 5);

  it('is 1 as long as no time is known', () => {
    expect([...weigh(all, undefined)]).toEqual([1, 1, 1, 1, 1]);
    expect([...weigh(all, () => undefined)]).toEqual([1, 1, 1, 1, 1]);
  });

  it('is its time, or the median of those that are known', () => {
    expect([...weigh(all, ({ seq }) => [undefined, 100, 1, undefined, 7, 0][seq])]).toEqual([100, 1, 7, 7, 0]);
  });

  it('is not a time that makes no sense', () => {
    expect([...weigh(all, ({ seq }) => [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 4, 9][seq])]).toEqual([
      9, 9, 9, 4, 9,
    ]);
  });
});
