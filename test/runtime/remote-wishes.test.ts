import fc from 'fast-check';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../../src/protocol/remote/keys.ts';
import { WISHES } from '../../src/protocol/remote/wish-script.ts';
import { Wishes } from '../../src/runtime/remote/wishes.ts';
import { hasRedis, withRedis } from '../helpers/redis.ts';

const keys = keysOf('q');

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A server whose answers come when they are told to. */
class FakeRedis {
  readonly values = new Map<string, string>();
  /** The newest first. */
  active: string[] = [];
  /** How many names there were in each question after names. */
  readonly asked: number[] = [];
  foreseen = 0;
  #answers: (() => void)[] = [];

  defineCommand(): void {}

  mget(names: readonly string[]): Promise<(string | null)[]> {
    this.asked.push(names.length);
    return this.#answer(names.map((name) => this.values.get(name) ?? null));
  }

  procctlWishes(count: number, ...words: string[]): Promise<unknown> {
    this.foreseen += 1;
    const batches = words.slice(1, count);
    const ids = this.active.slice(0, Number(words[count]));
    const names = [...ids.map((id) => `${words[count + 1]}${id}`), ...batches];
    return this.#answer([ids, names.map((name) => this.values.get(name) ?? null)]);
  }

  #answer<T>(value: T): Promise<T> {
    return new Promise((resolve) => this.#answers.push(() => resolve(value)));
  }

  /** All answers so far. */
  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }

  wishes(): Wishes {
    return new Wishes(this as unknown as Redis, keys);
  }
}

describe('whether jobs are wanted that have just been taken', () => {
  it('is what their keys say, whether they were expected, asked after or both, each job once', async () => {
    const job = fc.record({
      id: fc.integer({ min: 1, max: 12 }).map(String),
      batch: fc.constantFrom(undefined, 'here', 'gone'),
      isExpected: fc.boolean(),
      isActive: fc.boolean(),
    });
    const rounds = fc.array(fc.uniqueArray(job, { selector: ({ id }) => id, maxLength: 6 }), { maxLength: 8 });
    const ends = fc.dictionary(fc.integer({ min: 1, max: 12 }).map(String), fc.constantFrom('now', 'graceful'));
    await fc.assert(
      fc.asyncProperty(rounds, ends, fc.boolean(), async (rounds, ends, isAnswerFirst) => {
        const redis = new FakeRedis();
        for (const [id, end] of Object.entries(ends)) redis.values.set(keys.end(id), end);
        redis.values.set(keys.batch('here'), '1');
        const wishes = redis.wishes();
        for (const jobs of rounds) {
          for (const { isExpected } of jobs) if (isExpected) wishes.expect();
          redis.active = jobs.flatMap(({ id, isActive }) => (isActive ? [id] : []));
          await turn();
          if (isAnswerFirst) redis.answer();
          const found = Promise.all(jobs.map(({ id, batch }) => wishes.ofTaken(id, batch)));
          const isDone = found.then(() => true);
          // The foreseen, then what was not.
          for (let answers = 0; answers < 2; answers += 1) {
            redis.answer();
            await turn();
            await turn();
          }
          redis.answer();
          expect(await isDone).toBe(true);
          const meant = jobs.map(({ id, batch }) => ends[id] ?? (batch === 'gone' ? 'graceful' : undefined));
          expect(await found).toEqual(meant);
        }
      }),
    );
  });

  it('needs no question of its own where they were expected', async () => {
    const redis = new FakeRedis();
    redis.values.set(keys.batch('b'), '1').set(keys.end('2'), 'now');
    const wishes = redis.wishes();
    // The batch has to be known.
    const first = wishes.ofTaken('0', 'b');
    await turn();
    redis.answer();
    expect(await first).toBeUndefined();
    for (const _ of ['1', '2', '3']) wishes.expect();
    redis.active = ['3', '2', '1', '0'];
    await turn();
    const found = Promise.all(['1', '2', '3'].map((id) => wishes.ofTaken(id, 'b')));
    redis.answer();
    expect(await found).toEqual([undefined, 'now', undefined]);
    expect([redis.foreseen, redis.asked.length]).toEqual([1, 1]);
  });

  it('is asked anew of a job that comes later than what was foreseen', async () => {
    const redis = new FakeRedis();
    const wishes = redis.wishes();
    wishes.expect();
    redis.active = ['1'];
    await turn();
    redis.answer();
    await turn();
    await turn();
    redis.values.set(keys.end('1'), 'graceful');
    const found = wishes.ofTaken('1', undefined);
    await turn();
    redis.answer();
    expect(await found).toBe('graceful');
  });

  it('is hardly foreseen any more where that is of no use, as among many workers', async () => {
    const redis = new FakeRedis();
    const wishes = redis.wishes();
    for (let round = 0; round < 1_000; round += 1) {
      wishes.expect();
      await turn();
      const found = wishes.ofTaken(String(round), undefined);
      redis.answer();
      await turn();
      await turn();
      redis.answer();
      expect(await found).toBeUndefined();
    }
    expect(redis.foreseen).toBeLessThan(100);
  });

  it('is asked where it could not be foreseen', async () => {
    const redis = new FakeRedis();
    redis.procctlWishes = () => Promise.reject(new Error('cut off'));
    const wishes = redis.wishes();
    wishes.expect();
    await turn();
    const found = wishes.ofTaken('1', 'gone');
    await turn();
    await turn();
    redis.answer();
    expect(await found).toBe('graceful');
  });
});

describe.skipIf(!hasRedis)('the script that looks after jobs that were taken', () => {
  it('says of the newest jobs and of batches what stands in their keys', async () => {
    await withRedis(async ({ port }) => {
      const redis = new Redis(port, '127.0.0.1');
      try {
        redis.defineCommand('look', { lua: WISHES });
        const look = (...words: (string | number)[]): Promise<unknown> =>
          (redis as unknown as { look(...all: (string | number)[]): Promise<unknown> }).look(...words);
        expect(await look(1, keys.active, 5, keys.end(''))).toEqual([[], []]);
        await redis.lpush(keys.active, 'old', 'b', 'a');
        await redis.mset(keys.end('b'), 'now', keys.batch('1'), '1');
        expect(await look(3, keys.active, keys.batch('1'), keys.batch('2'), 2, keys.end(''))).toEqual([
          ['a', 'b'],
          [null, 'now', '1', null],
        ]);
      } finally {
        redis.disconnect();
      }
    });
  });
});
