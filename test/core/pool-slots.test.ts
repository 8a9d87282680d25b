import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fifo } from '../../src/core/pool/fifo.ts';
import { Slots } from '../../src/core/pool/slots.ts';

it('takes the lowest free slot, whatever was taken and given before', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { maxLength: 200, size: 'max' }), (choices) => {
      const slots = new Slots();
      const taken: number[] = [];
      for (const choice of choices) {
        if (choice % 5 < 3 || taken.length === 0) {
          let lowest = 1;
          while (taken.includes(lowest)) lowest += 1;
          expect(slots.take()).toBe(lowest);
          taken.push(lowest);
        } else {
          slots.give(taken.splice(choice % taken.length, 1)[0] as number);
        }
      }
    }),
  );
});

it('gives items back in the order they were put, however long the queue gets', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1500, max: 2000 }), { maxLength: 12 }), (moves) => {
      const fifo = new Fifo<number>();
      let put = 0;
      const got: (number | undefined)[] = [];
      for (const move of moves) {
        for (let count = 0; count < move; count++) fifo.put(put++);
        for (let count = 0; count > move && fifo.size > 0; count--) got.push(fifo.take());
        expect(fifo.size).toBe(put - got.length);
      }
      while (fifo.size > 0) got.push(fifo.take());
      expect(got).toEqual(Array.from({ length: put }, (_, index) => index));
      expect(fifo.take()).toBeUndefined();
    }),
  );
});
