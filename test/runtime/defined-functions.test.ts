import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DefinedFunctions } from '../../src/runtime/lane/defined-functions.ts';
import type { FunctionTarget } from '../../src/runtime/lane/function-call.ts';

const functionOf = (key: string): FunctionTarget => ({ key, target: { kind: 'source', source: key, name: '' } });

/** A worker: what it has been told its numbers mean. */
const told = new Map<number, string>();

const use = (defined: DefinedFunctions, key: string): string | undefined => {
  const number = defined.numberOf(functionOf(key));
  for (const { number, target } of defined.takeUntold())
    told.set(number, target.kind === 'source' ? target.source : '');
  return told.get(number);
};

describe('functions that a worker knows', () => {
  it('are the ones that are meant, and few, in whatever order and however often they are used', () => {
    const keys = fc.array(fc.integer({ min: 1, max: 30 }).map((length) => 'f'.repeat(length)));
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 10, max: 100 }), (used, most, mostChars) => {
        told.clear();
        const defined = new DefinedFunctions({ most, mostChars });
        for (const key of used) expect(use(defined, key)).toBe(key);
        expect(told.size).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('are defined once while they are used', () => {
    const defined = new DefinedFunctions({ most: 2, mostChars: 100 });
    defined.numberOf(functionOf('often'));
    for (let count = 0; count < 10; count += 1) {
      defined.numberOf(functionOf(`${count}`));
      defined.numberOf(functionOf('often'));
    }
    expect(defined.takeUntold().filter(({ target }) => 'source' in target && target.source === 'often')).toHaveLength(
      1,
    );
  });

  it('give way to one that is longer than all of them may be', () => {
    told.clear();
    const defined = new DefinedFunctions({ most: 10, mostChars: 20 });
    for (const key of ['a', 'b'.repeat(100), 'c'.repeat(100), 'a', 'd']) expect(use(defined, key)).toBe(key);
    // Each has taken the number of the one before it, and so its place with the worker.
    expect([...told.values()].filter((key) => key.length === 100)).toHaveLength(0);
  });
});
