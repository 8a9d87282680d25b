import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/core/demo/ledger.ts';

const ITEMS = 20;

describe('a ledger', () => {
  it('says that all is exact only when each item has arrived once, and nothing else has', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: ITEMS + 1 }), { maxLength: 60 }), (arrivals) => {
        const ledger = new Ledger(ITEMS);
        for (const item of arrivals) ledger.add(item);
        const all = Array.from({ length: ITEMS }, (_, index) => index + 1);
        const times = (item: number): number => arrivals.filter((arrival) => arrival === item).length;
        expect(ledger.missing).toEqual(all.filter((item) => times(item) === 0));
        expect(ledger.doubled).toEqual(all.filter((item) => times(item) > 1));
        expect(ledger.strangers).toBe(arrivals.filter((item) => item < 1 || item > ITEMS).length);
        expect(ledger.arrived).toBe(ITEMS - ledger.missing.length);
        expect(ledger.isExact).toBe(
          ledger.missing.length === 0 && ledger.doubled.length === 0 && ledger.strangers === 0,
        );
      }),
    );
  });
  it('is exact when each has arrived once, in any order', () => {
    const ledger = new Ledger(3);
    expect(ledger.isExact).toBe(false);
    for (const item of [3, 1, 2]) ledger.add(item);
    expect(ledger.isExact).toBe(true);
    expect(new Ledger(0).isExact).toBe(true);
  });
});
