import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SummaryTally, type SummedTask } from '../../src/core/pool/summary.ts';

const task = (durationMs: number, end: SummedTask['end']): SummedTask => ({
  id: String(durationMs),
  name: 'x',
  end,
  attempts: 1,
  durationMs,
  outcome: undefined,
  lastLines: [],
});

describe('the tally of a summary', () => {
  it('keeps the five slowest tasks and the first ten failed ones, and counts all', () => {
    const ends = fc.constantFrom('succeeded', 'failed', 'timedOut', 'cancelled');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), ends), { maxLength: 50 }), (tasks) => {
        const all = tasks.map(([durationMs, end]) => task(durationMs, end));
        const tally = new SummaryTally();
        for (const each of all) tally.settled(each);
        const { slowest, failed, failedCount } = tally.summary;
        const sorted = all.map(({ durationMs }) => durationMs).sort((a, b) => b - a);
        expect(slowest.map(({ durationMs }) => durationMs)).toEqual(sorted.slice(0, 5));
        const failures = all.filter(({ end }) => end === 'failed' || end === 'timedOut');
        expect(failed).toEqual(failures.slice(0, 10));
        expect(failedCount).toBe(failures.length);
      }),
    );
  });

  it('knows how many attempts were at work at the same time, and for how long together', () => {
    const tally = new SummaryTally();
    tally.begun();
    tally.begun();
    tally.ended(10);
    tally.begun();
    tally.ended(20);
    tally.ended(30);
    expect(tally.summary).toMatchObject({ attempts: 3, mostAtWork: 2, taskMs: 60 });
  });
});
