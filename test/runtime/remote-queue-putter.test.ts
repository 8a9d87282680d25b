import { expect, it } from 'vitest';
import { PUT_REFUSED } from '../../src/protocol/remote/put-script.ts';
import { Putter } from '../../src/runtime/remote/queue/putter.ts';
import type { QueueLink } from '../../src/runtime/remote/queue/queue-link.ts';
import { Wakes } from '../../src/runtime/remote/queue/wakes.ts';

it('answers at once who does not want to wait, also while others wait for room', async () => {
  const add = async (): Promise<void> => {
    throw new Error(PUT_REFUSED.full);
  };
  const link = { ready: Promise.resolve(), mayPut: async () => {}, queue: { add } } as unknown as QueueLink;
  const putter = new Putter(link, new Wakes(3_600_000), () => {});
  const waiting = putter.put(1, {}, false);
  await putter.settled();
  for (const _ of [1, 2]) await expect(putter.put(2, {}, true)).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
  putter.fail('over');
  await expect(waiting).rejects.toBe('over');
});

it('puts nothing where nobody looks at what is put', async () => {
  const added: unknown[] = [];
  const refusal = new Error('not looked at');
  const link = {
    ready: Promise.resolve(),
    mayPut: async () => {
      throw refusal;
    },
    queue: { add: async (_name: string, data: unknown) => added.push(data) },
  } as unknown as QueueLink;
  const putter = new Putter(link, new Wakes(3_600_000), () => {});
  const puts = await Promise.allSettled([putter.put(1, {}, false), putter.put(2, {}, true)]);
  expect(puts).toEqual([refusal, refusal].map((reason) => ({ status: 'rejected', reason })));
  expect(added).toEqual([]);
});
