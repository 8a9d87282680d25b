import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../../src/protocol/remote/keys.ts';
import { Gathered } from '../../src/runtime/remote/gathered.ts';
import { Removals } from '../../src/runtime/remote/removals.ts';
import { Wishes } from '../../src/runtime/remote/wishes.ts';

const keys = keysOf('q');

describe('what comes up at a time', () => {
  it('is taken in its order, all of it, no more at a time than there may be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 5 }), async (items, most) => {
        const taken: (readonly number[])[] = [];
        const gathered = new Gathered<number>(most, (some) => taken.push(some));
        for (const item of items) gathered.add(item);
        await new Promise((resolve) => setImmediate(resolve));
        expect(taken.flat()).toEqual(items);
        expect(taken.every(({ length }) => length >= 1 && length <= most)).toBe(true);
        expect(taken).toHaveLength(Math.ceil(items.length / most));
      }),
    );
  });

  it('is asked after by one command, and each is told its own', async () => {
    const asked: string[][] = [];
    const there = new Map([
      [keys.end('b'), 'now'],
      [keys.end('c'), 'graceful'],
      [keys.batch('1'), '1'],
    ]);
    const redis = {
      defineCommand: () => {},
      mget: async (names: string[]) => {
        asked.push(names);
        return names.map((name) => there.get(name) ?? null);
      },
    };
    const wishes = new Wishes(redis as unknown as Redis, keys);
    const found = await Promise.all([
      wishes.of('a', '1'),
      wishes.of('b', '1'),
      wishes.of('c', undefined),
      wishes.of('d', '2'),
      wishes.of('e', undefined),
    ]);
    expect(found).toEqual([undefined, 'now', 'graceful', 'graceful', undefined]);
    expect(asked).toHaveLength(1);
  });

  it('fails for all when Redis does not answer', async () => {
    const redis = { defineCommand: () => {}, mget: async () => Promise.reject(new Error('gone')) };
    const wishes = new Wishes(redis as unknown as Redis, keys);
    const ends = await Promise.allSettled([wishes.of('a', '1'), wishes.of('b', undefined)]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('is removed by one command for each set and one for all keys', async () => {
    const said: unknown[][] = [];
    const redis = {
      zrem: async (...words: unknown[]) => said.push(['zrem', ...words]),
      del: async (names: string[]) => said.push(['del', ...names]),
    };
    const removals = new Removals(redis as unknown as Redis, keys);
    await Promise.all([
      removals.remove('a', 'completed', ['x']),
      removals.remove('b', 'failed', []),
      removals.remove('c', 'completed', []),
    ]);
    expect(said).toEqual([
      ['zrem', 'bull:q:completed', 'a', 'c'],
      ['zrem', 'bull:q:failed', 'b'],
      ['del', ...keys.ofJob('a'), 'x', ...keys.ofJob('b'), ...keys.ofJob('c')],
    ]);
  });

  it('is told when Redis refuses to remove it', async () => {
    const redis = { zrem: async () => 1, del: async () => Promise.reject(new Error('MISCONF')) };
    const removals = new Removals(redis as unknown as Redis, keys);
    const ends = await Promise.allSettled([removals.remove('a', 'completed', []), removals.remove('b', 'failed', [])]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
