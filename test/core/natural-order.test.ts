import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNaturally } from '../../src/core/natural-order.ts';

describe('the natural order of names', () => {
  it('counts as people do, however long the numbers', () => {
    const names = [
      'web-10',
      'web-9',
      'web',
      'web-009',
      'Web',
      'web-9a',
      'a100000000000000000001',
      'a100000000000000000000',
    ];
    expect(names.sort(compareNaturally)).toEqual([
      'Web',
      'a100000000000000000000',
      'a100000000000000000001',
      'web',
      'web-009',
      'web-9',
      'web-9a',
      'web-10',
    ]);
  });

  it('is a total order: of any three texts, whatever their order, the same comes first', () => {
    const anyText = fc.oneof(fc.stringMatching(/^[a0-2:/-]{0,5}$/), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(anyText, anyText, anyText, (one, other, third) => {
        const order = Math.sign(compareNaturally(one, other));
        expect(Math.sign(compareNaturally(other, one)) + order).toBe(0);
        expect(order === 0).toBe(one === other);
        if (order <= 0 && compareNaturally(other, third) <= 0) {
          expect(compareNaturally(one, third)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
