import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { PutConnection } from '../../src/runtime/remote/queue/put-connection.ts';

/** A connection, and a queue that tells it of scripts as BullMQ does: once it is ready. */
const made = (names: readonly string[]) => {
  const scripts = new Map<string, string>();
  const redis = {
    defineCommand: (name: string, { lua }: { lua: string }) => scripts.set(name, lua),
  } as unknown as Redis;
  const connection = new PutConnection(redis, 'prelude ');
  const queue = {
    waitUntilReady: async () => {
      for (const name of names) redis.defineCommand(name, { lua: name });
    },
  } as unknown as Queue;
  return { connection, queue, scripts };
};

for (const name of ['addStandardJob', 'addStandardJob:6.7.0']) {
  it(`stands in front of ${name}, and of nothing else`, async () => {
    const { connection, queue, scripts } = made(['addLog:6.7.0', name, 'addStandardJobs:6.7.0']);
    await connection.guarded(queue);
    expect([...scripts]).toEqual([
      ['addLog:6.7.0', 'addLog:6.7.0'],
      [name, `prelude ${name}`],
      ['addStandardJobs:6.7.0', 'addStandardJobs:6.7.0'],
    ]);
  });
}

it('says what to install where BullMQ adds jobs by a script of another name', async () => {
  const { connection, queue } = made(['addJob:7.0.0', 'addPlainJob:7.0.0']);
  const refusal = { name: 'RemoteError', code: 'ERR_REDIS', hint: expect.stringContaining('npm install bullmq@') };
  await expect(connection.guarded(queue)).rejects.toMatchObject(refusal);
  await expect(connection.guarded(queue)).rejects.toMatchObject(refusal);
});
