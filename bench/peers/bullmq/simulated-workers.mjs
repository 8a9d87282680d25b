// Many workers in one process, each with connections of its own, whose tasks only wait: simulated-workers.mjs PORT WORKERS SLOTS MS.
// To be forked: says `ready`, and `{ done }` twice a second.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { batchKey, endKey, endRecord, QUEUE } from './protocol.mjs';

const [port, count, slots, durationMs] = process.argv.slice(2).map(Number);
let done = 0;

const startWorker = async (number) => {
  const connection = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
  const work = async (job) => {
    // Whether it is wanted, as before each start.
    const [end, batch] = await connection.mget(endKey(job.id), batchKey);
    if (end !== null || batch === null) throw new Error('not wanted');
    // More than 100 ms are worth a word of its progress.
    if (durationMs > 100) {
      await sleep(100);
      const progress = { version: 1, host: 'simulated', taskPid: 1, slot: 1, execution: 1, streams: false };
      job.updateProgress(progress).catch(() => {});
      await sleep(durationMs - 100);
    } else if (durationMs > 0) await sleep(durationMs);
    done += 1;
    return endRecord(durationMs, 1);
  };
  const options = { lockDuration: 30_000, stalledInterval: 30_000, maxStalledCount: 5, skipVersionCheck: true };
  const worker = new Worker(QUEUE, work, { connection, concurrency: slots, name: `simulated-${number}`, ...options });
  worker.on('error', () => {});
  const ends = connection.duplicate();
  await ends.subscribe(`procctl:${QUEUE}:ends`);
  await worker.waitUntilReady();
};

// A few at a time: a thousand connections at once are refused.
for (let at = 0; at < count; at += 20) {
  await Promise.all(Array.from({ length: Math.min(20, count - at) }, (_, index) => startWorker(at + index)));
}
process.send('ready');
setInterval(() => process.send({ done }), 500);
process.once('disconnect', () => process.exit());
