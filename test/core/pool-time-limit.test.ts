import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunningMedian } from '../../src/core/pool/running-median.ts';
import { MedianLimit } from '../../src/core/pool/time-limit.ts';

const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] as number;
  const lower = sorted[(sorted.length - 1) >> 1] as number;
  return lower + (upper - lower) / 2;
};

describe('a running median', () => {
  it('is that of the last values, whatever they are', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 1e9, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 30 }),
        (values, window) => {
          const median = new RunningMedian(window);
          for (const [index, next] of values.entries()) {
            median.add(next);
            const last = values.slice(Math.max(0, index + 1 - window), index + 1);
            expect(median.median).toBe(medianOf(last));
            expect(median.size).toBe(last.length);
          }
        },
      ),
    );
  });

  it('is not there without a value', () => {
    expect(new RunningMedian().median).toBeUndefined();
  });
});

describe('a limit that is a share of the median', () => {
  it('is known from the third success on, and moves with the median', () => {
    const limit = new MedianLimit(200);
    expect([1000, 3000, 2000, 9000, 9000].map((durationMs) => limit.succeeded(durationMs))).toEqual([
      null,
      null,
      4000,
      5000,
      6000,
    ]);
  });

  it('is never below 100 ms, and never below its share of the smallest success', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 50 }),
        fc.integer({ min: 1, max: 1000 }),
        (durations, percent) => {
          const limit = new MedianLimit(percent);
          const last = durations.map((durationMs) => limit.succeeded(durationMs)).at(-1) as number;
          expect(last).toBeGreaterThanOrEqual(100);
          expect(last).toBeGreaterThanOrEqual((Math.min(...durations) * percent) / 100);
          expect(last).toBeLessThanOrEqual(Math.max(100, Math.ceil((Math.max(...durations) * percent) / 100)));
        },
      ),
    );
  });
});
