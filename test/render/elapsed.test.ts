import { expect, it } from 'vitest';
import { ceilToSecond, clockText } from '../../src/render/elapsed.ts';
import { estimateEtaMs } from '../../src/render/eta.ts';

it('shows elapsed time as a clock, in seconds that have passed', () => {
  const spans = [-5, 0, 999, 3_999, 60_000, 725_000, 3_599_999, 3_723_000, 360_000_000];
  expect(spans.map(clockText)).toEqual(
    ['0:00', '0:00', '0:00', '0:03', '1:00', '12:05', '59:59', '1:02:03'].concat('100:00:00'),
  );
});

it('says that nothing is left only when nothing is', () => {
  expect([0, 1, 1_000, 1_001].map(ceilToSecond)).toEqual([0, 1_000, 1_000, 2_000]);
});

it('estimates the rest from the pace so far', () => {
  expect(estimateEtaMs({ settled: 10, total: 40, isInputOpen: false, elapsedMs: 5_000 })).toBe(15_000);
  expect(estimateEtaMs({ settled: 40, total: 40, isInputOpen: false, elapsedMs: 5_000 })).toBe(0);
});

it('gives no estimate while it would be a guess', () => {
  expect(estimateEtaMs({ settled: 10, total: 40, isInputOpen: true, elapsedMs: 5_000 })).toBeNull();
  expect(estimateEtaMs({ settled: 0, total: 40, isInputOpen: false, elapsedMs: 5_000 })).toBeNull();
  expect(estimateEtaMs({ settled: 0, total: 0, isInputOpen: false, elapsedMs: 0 })).toBeNull();
});
