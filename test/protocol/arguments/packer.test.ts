import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { execBytes, execLimit, roomForArguments } from '../../../src/protocol/arguments/exec-room.ts';
import { CountPacker, FittingPacker, type Packer } from '../../../src/protocol/arguments/packer.ts';

const packsOf = <T>(packer: Packer<T>, items: readonly T[]): (readonly T[])[] => [
  ...items.flatMap((item) => packer.push(item)),
  ...packer.end(),
];

describe('packs', () => {
  it('of a number have that many, but for the last', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), (items, count) => {
        const packs = packsOf(new CountPacker<number>(count), items);
        expect(packs.flat()).toEqual(items);
        expect(packs.slice(0, -1).every((pack) => pack.length === count)).toBe(true);
        expect(packs.every((pack) => pack.length >= 1 && pack.length <= count)).toBe(true);
      }),
    );
  });

  it('that fit keep the order, no limit is passed by more than one input, and the last are shared out', () => {
    const size = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(
        fc.array(size),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 5 }),
        (items, limit, slots) => {
          const packs = packsOf(new FittingPacker<[number, number]>([limit, 40], slots, (item) => item), items);
          expect(packs.flat()).toEqual(items);
          for (const pack of packs) {
            const [a, b] = [0, 1].map((index) => pack.reduce((sum, item) => sum + (item[index] as number), 0));
            if (pack.length > 1) expect([(a as number) <= limit, (b as number) <= 40]).toEqual([true, true]);
            expect(pack.length).toBeGreaterThan(0);
          }
        },
      ),
    );
    expect(packsOf(new FittingPacker<number>([100], 3, () => [1]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
    expect(packsOf(new FittingPacker<number>([100], 4, () => [1]), [])).toEqual([]);
  });
});

describe('the room of an exec', () => {
  it.each([
    ['8388608', 2 * 1024 * 1024],
    ['unlimited', 6 * 1024 * 1024],
    ['65536', 128 * 1024],
    ['1073741824', 6 * 1024 * 1024],
  ])('with a stack of %s is %d', (soft, limit) => {
    const text = `Limit                     Soft Limit           Hard Limit           Units\nMax stack size            ${soft}              unlimited            bytes\n`;
    expect(execLimit(text)).toBe(limit);
  });

  it('is less what the environment takes, with a NUL and a pointer for each word', () => {
    expect(execBytes(['ab', 'é', '\udcff'])).toBe(2 + 2 + 1 + 3 * 9);
    expect(roomForArguments(100_000, {})).toBe(100_000 - 4096);
    expect(roomForArguments(100_000, { A: 'bc' })).toBe(100_000 - 4096 - 4 - 9);
  });
});
