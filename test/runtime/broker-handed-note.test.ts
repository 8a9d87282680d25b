import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HandedNote } from '../../src/runtime/broker/handed-note.ts';

/** A note with what was written of it. */
const noteOf = (maxLost: number) => {
  const written: number[] = [];
  return { written, note: new HandedNote({ slot: 0, write: (taken) => void written.push(taken) }, maxLost) };
};

it('is made before each item where only one may be lost', () => {
  const { note, written } = noteOf(1);
  for (let number = 0; number < 5; number += 1) expect(note.hand(number, 100, 64)).toBe(false);
  expect(written).toEqual([1, 2, 3, 4, 5]);
});

it('is as far ahead as a consumer is quick, as many as may be lost, and no further than items have come', () => {
  const { note, written } = noteOf(4);
  expect(note.hand(0, 100, 0)).toBe(false);
  expect(note.hand(1, 100, 3)).toBe(true);
  expect([note.hand(2, 100, 3), note.hand(3, 100, 3)]).toEqual([true, false]);
  expect(note.hand(4, 100, 50)).toBe(true);
  for (const number of [5, 6, 7]) note.hand(number, 100, 50);
  expect(note.hand(8, 9, 50)).toBe(false);
  expect(written).toEqual([1, 4, 8, 9]);
});

it('covers what was handed out at every moment, is never further ahead than it may be, and is exact after each turn', () => {
  const action = fc.oneof(
    fc.record({ soon: fc.nat(100), buffered: fc.integer({ min: 1, max: 50 }) }),
    fc.constant('turn'),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(action), (maxLost, actions) => {
      const { note, written } = noteOf(maxLost);
      let taken = 0;
      let received = 0;
      for (const next of actions) {
        if (typeof next === 'string') {
          note.settle(taken);
          expect(written.at(-1) ?? 0).toBe(taken);
          continue;
        }
        received = Math.max(received, taken + next.buffered);
        const isAhead = note.hand(taken, received, next.soon);
        taken += 1;
        const noted = written.at(-1) as number;
        expect(noted).toBeGreaterThanOrEqual(taken);
        expect(noted).toBeLessThanOrEqual(Math.min(received, taken - 1 + maxLost));
        expect(isAhead).toBe(noted > taken);
      }
    }),
  );
});

it('lets nothing be handed out that could not be noted, and stays ahead where it cannot be made exact', () => {
  const written: number[] = [];
  let isFailing = true;
  const write = (taken: number): void => {
    if (isFailing) throw new Error('EIO');
    written.push(taken);
  };
  const note = new HandedNote({ slot: 0, write }, 4);
  for (let tries = 0; tries < 2; tries += 1) expect(() => note.hand(0, 10, 4)).toThrow('EIO');
  isFailing = false;
  expect(note.hand(0, 10, 4)).toBe(true);
  isFailing = true;
  expect(note.settle(1)).toBe(true);
  expect(note.hand(1, 10, 4)).toBe(true);
  isFailing = false;
  expect(note.settle(2)).toBe(true);
  expect(note.settle(2)).toBe(false);
  expect(written).toEqual([4, 2]);
});
