import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../../src/core/calls/backlog.ts';

interface Item {
  readonly id: number;
  readonly priority: number;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ tag: fc.constant('push' as const), priority: fc.integer({ min: -2, max: 2 }) }) },
  { weight: 3, arbitrary: fc.constant({ tag: 'shift' as const }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('putBack' as const), count: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('remove' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ tag: 'drain' as const }) },
);

/** The same, slowly: a list that is sorted anew each time; the sort keeps the order of equals. */
const inOrder = (items: readonly Item[]): Item[] => items.toSorted((a, b) => b.priority - a.priority);

describe('a backlog', () => {
  it('gives what is most urgent first, and of that what came first, whatever is put in, put back and taken out', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const backlog = new Backlog<Item>();
        let model: Item[] = [];
        const taken: Item[] = [];
        let id = 0;
        for (const next of steps) {
          if (next.tag === 'push') {
            id += 1;
            const item = { id, priority: next.priority };
            backlog.push(item);
            model = inOrder([...model, item]);
          } else if (next.tag === 'shift') {
            expect(backlog.peek()).toBe(model[0]);
            const item = backlog.shift();
            expect(item).toBe(model.shift());
            if (item !== undefined) taken.push(item);
          } else if (next.tag === 'putBack') {
            const back = taken.splice(-next.count);
            backlog.putBack(back);
            model = inOrder([...back, ...model]);
          } else if (next.tag === 'remove') {
            const item = model[next.which];
            expect(backlog.remove(item ?? { id: -1, priority: 0 })).toBe(item !== undefined);
            model = model.filter((other) => other !== item);
          } else {
            expect(backlog.drain()).toEqual(model);
            model = [];
          }
          expect(backlog.size).toBe(model.length);
        }
        expect(backlog.drain()).toEqual(model);
      }),
    );
  });

  it('is quick with a hundred thousand', () => {
    const backlog = new Backlog<Item>();
    for (let id = 0; id < 100_000; id += 1) backlog.push({ id, priority: 0 });
    for (let id = 0; id < 100_000; id += 1) expect(backlog.shift()?.id === id).toBe(true);
    expect(backlog.shift()).toBeUndefined();
  });
});
