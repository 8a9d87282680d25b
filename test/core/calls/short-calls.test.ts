import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ShortCalls } from '../../../src/core/calls/short-calls.ts';

const calls = fc.array(fc.record({ fn: fc.constantFrom('a', 'b', 'c'), id: fc.nat() }), { maxLength: 40 });
const learnt = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.double({ min: 0, max: 5, noNaN: true })), {
  maxLength: 20,
});

it('puts each call into one batch, those of a function in their order, and never two functions into one', () => {
  fc.assert(
    fc.property(calls, learnt, (all, seen) => {
      const short = new ShortCalls<{ fn: string }>(({ fn }) => fn);
      for (const [fn, elapsedMs] of seen) short.learn({ fn }, elapsedMs);
      const batches = short.batchesOf(all);
      for (const fn of ['a', 'b', 'c']) {
        const isOf = (call: { fn: string }): boolean => call.fn === fn;
        expect(batches.flat().filter(isOf)).toEqual(all.filter(isOf));
      }
      expect(batches.flat().length).toBe(all.length);
      for (const batch of batches) expect(new Set(batch.map(({ fn }) => fn)).size).toBe(1);
    }),
  );
});

it('leaves each call alone of which nothing is known, or that is long', () => {
  const short = new ShortCalls<string>((fn) => fn);
  expect(short.batchesOf(['a', 'a'])).toEqual([['a'], ['a']]);
  short.learn('a', 0.01);
  expect(short.batchesOf(['a', 'a'])).toEqual([['a', 'a']]);
  short.learn('a', 1);
  expect(short.batchesOf(['a', 'a'])).toEqual([['a'], ['a']]);
});

it('has no more wait for one another than take half a millisecond together', () => {
  const short = new ShortCalls<string>((fn) => fn);
  short.learn('a', 0.1);
  expect(short.batchesOf(Array(12).fill('a')).map(({ length }) => length)).toEqual([5, 5, 2]);
});
