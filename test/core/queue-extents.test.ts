import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Extents } from '../../src/core/queue/extents.ts';

const PAGE = 4096;

describe('the pieces of a file', () => {
  it('begin at the start, are whole pages, and are used again', () => {
    const extents = new Extents(10 * PAGE);
    expect([extents.take(1), extents.take(PAGE + 1), extents.take(PAGE)]).toEqual([0, PAGE, 3 * PAGE]);
    extents.free(PAGE, PAGE + 1);
    expect(extents.take(2 * PAGE)).toBe(PAGE);
  });

  it('are refused beyond the limit, until something is freed', () => {
    const extents = new Extents(2 * PAGE);
    expect(extents.take(2 * PAGE)).toBe(0);
    expect(extents.take(1)).toBeUndefined();
    extents.free(0, 2 * PAGE);
    expect(extents.take(1)).toBe(0);
  });

  it('never overlap, and leave one piece when all are free', () => {
    const action = fc.record({ take: fc.integer({ min: 1, max: 5 * PAGE }), free: fc.nat(20), isFree: fc.boolean() });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
        const extents = new Extents(50 * PAGE);
        const used: { readonly offset: number; readonly length: number }[] = [];
        for (const { take, free, isFree } of actions) {
          if (isFree && used.length > 0) {
            const [freed] = used.splice(free % used.length, 1);
            if (freed !== undefined) extents.free(freed.offset, freed.length);
            continue;
          }
          const offset = extents.take(take);
          if (offset === undefined) continue;
          for (const other of used) {
            expect(offset + take <= other.offset || other.offset + other.length <= offset).toBe(true);
          }
          expect(offset + take).toBeLessThanOrEqual(50 * PAGE);
          used.push({ offset, length: take });
        }
        for (const { offset, length } of used) extents.free(offset, length);
        expect(extents.take(50 * PAGE)).toBe(0);
      }),
    );
  });
});
