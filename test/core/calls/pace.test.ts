import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_BATCH, MESSAGE_MS, Pace } from '../../../src/core/calls/pace.ts';

describe('the pace of a function', () => {
  it('is that of a long one as long as nothing is known', () => {
    const pace = new Pace();
    expect([pace.msPerCall, pace.isLong, pace.isSentAhead, pace.batch]).toEqual([undefined, true, false, 1]);
  });

  it('believes a rise at once, and a fall by halves', () => {
    const pace = new Pace();
    pace.learn(1, 8);
    expect([pace.msPerCall, pace.isLong, pace.isSentAhead]).toEqual([8, true, true]);
    pace.learn(1, 0);
    expect(pace.msPerCall).toBe(4);
    pace.learn(10, 1000);
    expect([pace.msPerCall, pace.isSentAhead]).toEqual([100, false]);
  });

  it('makes messages of about 2 ms, and lets them grow by steps', () => {
    const pace = new Pace();
    const sizes: number[] = [];
    for (let round = 0; round < 60; round += 1) {
      sizes.push(pace.batch);
      pace.learn(pace.batch, pace.batch * 0.001);
    }
    expect(sizes.slice(0, 4)).toEqual([1, 16, 256, 2000]);
    expect(sizes.at(-1)).toBe(2000);
  });

  it('never asks for less than one call, for too many, or for more than 2 ms as far as is known', () => {
    const learned = fc.record({
      calls: fc.integer({ min: 1, max: 100_000 }),
      elapsedMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(learned, { maxLength: 50 }), (lessons) => {
        const pace = new Pace();
        for (const { calls, elapsedMs } of lessons) {
          pace.learn(calls, elapsedMs);
          expect(pace.batch).toBeGreaterThanOrEqual(1);
          expect(pace.batch).toBeLessThanOrEqual(MAX_BATCH);
          expect(Number.isInteger(pace.batch)).toBe(true);
          if (pace.batch > 1) expect(pace.batch * (pace.msPerCall as number)).toBeLessThanOrEqual(MESSAGE_MS * 1.001);
        }
      }),
    );
  });
});
