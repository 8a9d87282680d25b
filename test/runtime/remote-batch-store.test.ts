import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import type { BatchStart } from '../../src/protocol/remote/batch.ts';
import { BatchStore, UNSEALED_EXPIRY_MS } from '../../src/runtime/remote/batches/batch-store.ts';
import { hasRedis, withRedis } from '../helpers/redis.ts';

const KEEP_MS = 3_600_000;

const start = (id: string): BatchStart => ({
  id,
  name: id,
  host: 'here',
  createdAt: 0,
  keepMs: KEEP_MS,
  retries: 0,
  isSilent: true,
  halt: { when: 'never' },
});

const withStore = (use: (store: BatchStore, redis: Redis) => Promise<void>): Promise<void> =>
  withRedis(async ({ port }) => {
    const redis = new Redis(port, '127.0.0.1');
    try {
      await use(new BatchStore(redis, 'q'), redis);
    } finally {
      redis.disconnect();
    }
  });

/** How long each key of batches is kept, ms; -1: for ever. */
const expiries = async (redis: Redis): Promise<Record<string, number>> => {
  const keys = (await redis.keys('*:detached:*')).sort();
  const entries = keys.map(async (key) => [key.split(':').at(-1), await redis.pttl(key)] as const);
  return Object.fromEntries(await Promise.all(entries));
};

describe.runIf(hasRedis)('what is kept of a batch', { concurrent: true }, () => {
  it('is forgotten by itself from the first piece of its list on', async () => {
    await withStore(async (store, redis) => {
      await store.open(start('a'));
      expect(await store.put('a', [1, '{}', 0, '0:1'])).toBe(true);
      const found = await expiries(redis);
      expect(Object.keys(found)).toEqual(['meta', 'order', 'tasks']);
      for (const ms of Object.values(found)) expect(ms).toBeGreaterThan(0);
      for (const ms of Object.values(found)) expect(ms).toBeLessThanOrEqual(UNSEALED_EXPIRY_MS);
    });
  });

  it('is not added to once it is gone, or once its list is whole', async () => {
    await withStore(async (store, redis) => {
      expect(await store.put('a', [1, '{}', 0, '0:1'])).toBe(false);
      expect(await redis.keys('*')).toEqual([]);
      await store.open(start('a'));
      await store.put('a', [1, '{}', 0, '0:1']);
      await store.seal('a', 1);
      expect(await store.put('a', [2, '{}', 0, '1:2'])).toBe(true);
      expect(await redis.hlen(store.keys.detached('a').tasks)).toBe(1);
      expect((await expiries(redis)).meta).toBeGreaterThan(UNSEALED_EXPIRY_MS);
    });
  });

  it('is forgotten by itself though it was stopped before anything of it had begun', async () => {
    await withStore(async (store, redis) => {
      await store.open(start('a'));
      await store.put('a', [1, '{}', 0, '0:1', 2, '{}', 0, '1:2']);
      await store.seal('a', 2);
      await store.stop('a', 'graceful');
      expect(await store.sweep('a', 1, 2, '{}')).toBe(0);
      const found = await expiries(redis);
      expect(Object.keys(found)).toEqual(['log', 'meta', 'order', 'state', 'tasks']);
      for (const ms of Object.values(found)) expect(ms).toBeGreaterThan(UNSEALED_EXPIRY_MS);
    });
  });

  it('is forgotten by itself though its only worker was killed when it had just begun', async () => {
    await withStore(async (store, redis) => {
      await store.open(start('a'));
      await store.put('a', [1, '{}', 0, '0:1']);
      await store.seal('a', 1);
      expect(await store.begin({ version: 1, detached: 'a', seq: 1, attempt: 1 })).toMatchObject({ kind: 'run' });
      for (const ms of Object.values(await expiries(redis))) expect(ms).toBeGreaterThan(UNSEALED_EXPIRY_MS);
    });
  });
});
