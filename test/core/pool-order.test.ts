import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InOrder } from '../../src/core/pool/order.ts';

it('releases an item as soon as all before it are there', () => {
  const order = new InOrder<string>();
  expect(order.add(2, 'b')).toEqual([]);
  expect(order.add(3, 'c')).toEqual([]);
  expect(order.add(1, 'a')).toEqual(['a', 'b', 'c']);
  expect(order.add(4, 'd')).toEqual(['d']);
});

it('releases everything once, in order and as early as possible, in whatever order it comes', () => {
  const permutation = fc
    .nat(60)
    .chain((count) => fc.shuffledSubarray(oneTo(count), { minLength: count, maxLength: count }));
  fc.assert(
    fc.property(permutation, (seqs) => {
      const order = new InOrder<number>();
      const added = new Set<number>();
      const released: number[] = [];
      for (const seq of seqs) {
        added.add(seq);
        released.push(...order.add(seq, seq));
        expect(added.has(released.length + 1)).toBe(false);
        expect(order.heldCount).toBe(added.size - released.length);
      }
      expect(released).toEqual(oneTo(seqs.length));
    }),
  );
});

it('releases an undefined item like any other', () => {
  const order = new InOrder<undefined>();
  order.add(2, undefined);
  expect(order.add(1, undefined)).toEqual([undefined, undefined]);
});

it('refuses a number that was added before, held or gone', () => {
  const order = new InOrder<string>();
  order.add(1, 'a');
  order.add(3, 'c');
  expect(() => order.add(1, 'a')).toThrow('item 1 was added before');
  expect(() => order.add(3, 'c')).toThrow('item 3 was added before');
});

it('goes on behind the numbers that are skipped', () => {
  const order = new InOrder<string>();
  expect(order.skip(1)).toEqual([]);
  expect(order.add(3, 'c')).toEqual([]);
  expect(order.add(5, 'e')).toEqual([]);
  expect(order.skip(2)).toEqual(['c']);
  expect(order.skip(4)).toEqual(['e']);
  expect(order.next).toBe(6);
});

it('releases what is not skipped, in order and as early as possible', () => {
  const steps = fc
    .nat(60)
    .chain((count) =>
      fc.tuple(
        fc.array(fc.boolean(), { minLength: count, maxLength: count }),
        fc.shuffledSubarray(oneTo(count), { minLength: count, maxLength: count }),
        fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      ),
    );
  fc.assert(
    fc.property(steps, ([skips, shuffled, turns]) => {
      const order = new InOrder<number>();
      const skipped = oneTo(skips.length).filter((seq) => skips[seq - 1]);
      const kept = shuffled.filter((seq) => !skips[seq - 1]);
      const gone = new Set<number>();
      const released: number[] = [];
      for (let step = 0; skipped.length + kept.length > 0; step += 1) {
        const isSkip = kept.length === 0 || (skipped.length > 0 && turns[step] === true);
        const seq = (isSkip ? skipped : kept).shift() as number;
        gone.add(seq);
        released.push(...(isSkip ? order.skip(seq) : order.add(seq, seq)));
        expect(gone.has(order.next)).toBe(false);
      }
      expect(order.next).toBe(skips.length + 1);
      expect(released).toEqual(oneTo(skips.length).filter((seq) => !skips[seq - 1]));
    }),
  );
});

it('skips numbers in any order', () => {
  const order = new InOrder<string>();
  for (const seq of [5, 2, 4, 1]) expect(order.skip(seq)).toEqual([]);
  expect(order.add(6, 'f')).toEqual([]);
  expect(order.add(3, 'c')).toEqual(['c', 'f']);
  expect(order.next).toBe(7);
});

it('refuses to skip what was added, or has been passed', () => {
  const order = new InOrder<string>();
  order.skip(5);
  order.add(2, 'b');
  expect(() => order.skip(2)).toThrow('item 2 was added before');
});

const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
