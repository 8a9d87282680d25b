import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay } from '../../src/core/backoff.ts';
import { addRestart } from '../../src/core/process/restart-limit.ts';

describe('the restart limit', () => {
  it('is exceeded exactly when more than max restarts fall into the time that ends now', () => {
    const pauses = fc.array(fc.nat(100), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(pauses, fc.nat(5), fc.integer({ min: 1, max: 200 }), (pausesMs, max, withinMs) => {
        let times: readonly number[] = [];
        const all: number[] = [];
        for (const pauseMs of pausesMs) {
          const at = (all.at(-1) ?? 0) + pauseMs;
          all.push(at);
          const inWindow = all.filter((time) => at - time <= withinMs);
          const window = addRestart(times, at, { max, withinMs });
          expect(window.isExceeded).toBe(inWindow.length > max);
          expect(window.times).toEqual(inWindow.reverse());
          times = window.times;
        }
      }),
    );
  });

  it('keeps nothing and is never exceeded when there is none', () => {
    const window = addRestart([3, 2, 1], 4, { max: null, withinMs: 60_000 });
    expect(window).toEqual({ times: [], isExceeded: false });
  });
});

describe('the back-off', () => {
  const page = readFileSync(new URL('../../docs/spawn.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+)( …)? +\| (none|\d+s) +\| (\d+s)/gm)];

  it('is that of the table in docs/spawn.md', () => {
    expect(rows.map((row) => row[1])).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    let sinceMs = 0;
    for (const [, restart, , delay, since] of rows) {
      const delayMs = backoffDelay(Number(restart) - 1, { minMs: 1_000, maxMs: 30_000 });
      sinceMs += delayMs;
      expect(delayMs === 0 ? 'none' : `${delayMs / 1_000}s`).toBe(delay);
      expect(`${sinceMs / 1_000}s`).toBe(since);
    }
  });

  it('is none at first, then the minimum, then never shorter and never more than the maximum', () => {
    const bounds = fc
      .tuple(fc.nat(100_000), fc.nat(10_000_000))
      .map(([minMs, more]) => ({ minMs, maxMs: minMs + more }));
    fc.assert(
      fc.property(bounds, fc.integer({ min: 1, max: 5_000 }), ({ minMs, maxMs }, streak) => {
        const delayMs = backoffDelay(streak, { minMs, maxMs });
        expect(backoffDelay(0, { minMs, maxMs })).toBe(0);
        expect(backoffDelay(1, { minMs, maxMs })).toBe(minMs);
        expect(delayMs).toBeLessThanOrEqual(maxMs);
        expect(backoffDelay(streak + 1, { minMs, maxMs })).toBe(Math.min(maxMs, delayMs * 2));
      }),
    );
  });
});
