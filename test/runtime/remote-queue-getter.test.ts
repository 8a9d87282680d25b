import { describe, expect, it } from 'vitest';
import { Getter } from '../../src/runtime/remote/queue/getter.ts';
import type { QueueLink } from '../../src/runtime/remote/queue/queue-link.ts';
import { Wakes } from '../../src/runtime/remote/queue/wakes.ts';

const gone = (): never => {
  throw new Error('Missing key for job 1. moveToFinished');
};

interface FakeJob {
  readonly data: unknown;
  readonly moveToCompleted: () => Promise<void>;
  readonly moveToWait?: () => Promise<void>;
}

/** Of a queue that has these items, one after the other. */
const getterOf = (lockMs: number, next: () => Promise<FakeJob | undefined>, items = new Wakes(5)): Getter => {
  const link = {
    ready: Promise.resolve(),
    worker: { getNextJob: next },
    redis: { exists: async () => 0 },
    isLossy: false,
    reclaim: async () => {},
    redacted: (text: string) => text,
  } as unknown as QueueLink;
  const rules = { maxSize: Number.POSITIVE_INFINITY, delivery: 'at-most-once', maxLost: 1, isJoinable: false } as const;
  return new Getter(link, { name: 'a', rules, lockMs, restore: () => ({}) }, items, () => {});
};

const passed = async (ms: number): Promise<void> => {
  const since = performance.now();
  while (performance.now() - since < ms) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('at most once, a consumer that takes an item', () => {
  it('does not hand it out when it is gone and was not its own any more: another one may have had it', async () => {
    const jobs: FakeJob[] = [
      { data: 'of another', moveToCompleted: () => passed(30).then(gone) },
      { data: 'own', moveToCompleted: async () => {} },
    ];
    expect(await getterOf(20, async () => jobs.shift()).get({}, false)).toBe('own');
  });
  it('hands it out when it is gone while it was its own: that was said twice, over a lost connection', async () => {
    const jobs: FakeJob[] = [{ data: 'own', moveToCompleted: async () => gone() }];
    expect(await getterOf(3_600_000, async () => jobs.shift()).get({}, false)).toBe('own');
  });
  it('rejects no other get when an item that nobody wants any more cannot be given back', async () => {
    const aborter = new AbortController();
    let later: Promise<unknown> | undefined;
    const jobs: FakeJob[] = [
      {
        data: 'unwanted',
        moveToCompleted: async () => {},
        moveToWait: async () => {
          later = getter.get({}, false);
          throw new Error('Missing lock for job 1. moveJobFromActiveToWait');
        },
      },
      { data: 'wanted', moveToCompleted: async () => {} },
    ];
    const getter: Getter = getterOf(3_600_000, async () => {
      aborter.abort('enough');
      return jobs.shift();
    });
    await expect(getter.get({ signal: aborter.signal }, false)).rejects.toBe('enough');
    await expect.poll(() => later).toBeDefined();
    expect(await later).toBe('wanted');
  });
});

it('answers at once who does not want to wait, whoever waits, and whoever did', async () => {
  const getter = getterOf(3_600_000, async () => undefined, new Wakes(3_600_000));
  for (const _ of [1, 2]) await expect(getter.get({}, true)).rejects.toMatchObject({ code: 'ERR_QUEUE_EMPTY' });
  const waiting = getter.get({}, false);
  for (const _ of [1, 2]) await expect(getter.get({}, true)).rejects.toMatchObject({ code: 'ERR_QUEUE_EMPTY' });
  getter.fail('over');
  await expect(waiting).rejects.toBe('over');
});
