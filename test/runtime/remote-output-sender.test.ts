import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { OutputSender } from '../../src/runtime/remote/output-sender.ts';

const PIECE = Buffer.alloc(64 * 1024);

it('holds up a task whose output Redis has not taken yet, though nobody is waited for to read it', async () => {
  const untaken: (() => void)[] = [];
  const redis = {
    xadd: () => new Promise<void>((resolve) => untaken.push(resolve)),
    pexpire: () => Promise.resolve(1),
  } as unknown as Redis;
  const pauses: boolean[] = [];
  const sender = new OutputSender(
    redis,
    { key: 'k', maxBytes: Number.POSITIVE_INFINITY, keepMs: 60_000 },
    { onStream: () => {}, onTooMuch: () => {}, setPaused: (isPaused) => pauses.push(isPaused) },
  );
  for (let n = 0; n < 17; n += 1) sender.data('stdout', PIECE);
  expect(pauses).toEqual([true]);
  for (const take of untaken.splice(0)) take();
  await new Promise(setImmediate);
  expect(pauses).toEqual([true, false]);
  expect(await sender.finish()).toMatchObject({ chunks: 17, bytes: 17 * PIECE.length });
});
