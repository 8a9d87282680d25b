import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OrderSource, Orders } from '../../../src/core/calls/orders.ts';

interface Item {
  readonly from: string;
  readonly priority: number;
}

class Source implements OrderSource<Item> {
  isWaiting = false;

  constructor(
    readonly name: string,
    readonly priority: number,
    public left: number,
  ) {}

  take(most: number): Item | undefined {
    if (this.isWaiting || this.left === 0) return undefined;
    this.left -= Math.min(most, this.left);
    return { from: this.name, priority: this.priority };
  }
}

const orders = (): Orders<Item, Source> => new Orders();

const takeOne = (all: Orders<Item, Source>): Item | undefined => {
  const source = all.source();
  return source === undefined ? all.shift() : all.takeFrom(source, 1);
};

const takeAll = (all: Orders<Item, Source>): Item[] => {
  const taken: Item[] = [];
  while (all.hasSome) {
    const item = takeOne(all);
    if (item !== undefined) taken.push(item);
  }
  return taken;
};

const priority = fc.integer({ min: -1, max: 1 });
const sizes = fc.array(fc.record({ priority, left: fc.nat(6) }), { maxLength: 5 });

describe('what is still to be done', () => {
  it('is taken to the last, each once, and never something while something more urgent is there', () => {
    fc.assert(
      fc.property(fc.array(priority, { maxLength: 20 }), sizes, (items, sources) => {
        const all = orders();
        for (const each of items) all.push({ from: 'backlog', priority: each });
        for (const [index, each] of sources.entries())
          all.addSource(new Source(`source ${index}`, each.priority, each.left));
        const taken = takeAll(all);
        expect(taken).toHaveLength(items.length + sources.reduce((sum, { left }) => sum + left, 0));
        const urgencies = taken.map((item) => item.priority);
        expect(urgencies).toEqual(urgencies.toSorted((a, b) => b - a));
      }),
    );
  });

  it('is taken in turn from sources that are equally urgent, and in turn with what waits', () => {
    const all = orders();
    for (const name of ['a', 'b']) all.addSource(new Source(name, 0, 2));
    for (let count = 0; count < 4; count += 1) all.push({ from: 'backlog', priority: 0 });
    const from = takeAll(all).map((item) => item.from);
    expect(from).toEqual(['a', 'backlog', 'b', 'backlog', 'a', 'backlog', 'b', 'backlog']);
  });

  it('is not taken from a source that waits for somebody, which stays', () => {
    const all = orders();
    const source = new Source('slow', 5, 1);
    source.isWaiting = true;
    all.addSource(source);
    all.push({ from: 'backlog', priority: 0 });
    expect(takeAll(all)).toEqual([{ from: 'backlog', priority: 0 }]);
    expect(all.isEmpty).toBe(false);
    source.isWaiting = false;
    expect(takeAll(all)).toEqual([{ from: 'slow', priority: 5 }]);
    expect(all.isEmpty, 'a source that has nothing more goes').toBe(true);
  });

  it('does not put a source back that has gone while it was taken from', () => {
    const all = orders();
    const source = new Source('hasty', 0, 3);
    const { take } = source;
    source.take = (most) => {
      all.removeSource(source);
      return take.call(source, most);
    };
    all.addSource(source);
    expect(all.takeFrom(source, 1)).toEqual({ from: 'hasty', priority: 0 });
    expect(all.isEmpty).toBe(true);
  });

  it('gives all that there is when it is emptied', () => {
    const all = orders();
    const source = new Source('a', 0, 2);
    all.addSource(source);
    all.push({ from: 'backlog', priority: 1 });
    expect(all.drain()).toEqual({ items: [{ from: 'backlog', priority: 1 }], sources: [source] });
    expect(all.isEmpty).toBe(true);
  });
});
