// Puts jobs into a queue of BullMQ and waits for the end of each: producer.mjs PORT COUNT bulk|window WINDOW.
// bulk: all by addBulk, in pieces of so many; window: one by one, so many in the queue at a time.
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';

const [port, count, way, size] = process.argv.slice(2).map((word) => (/^\d+$/.test(word) ? Number(word) : word));
const connection = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
const queue = new Queue('bench', { connection });
// From the last event there is: what ends before QueueEvents listens must not be missed.
const [last] = await connection.xrevrange('bull:bench:events', '+', '-', 'COUNT', 1);
const events = new QueueEvents('bench', { connection, lastEventId: last?.[0] ?? '0' });

const prefix = `${process.pid}-${Date.now()}`;
const opts = (number) => ({ jobId: `${prefix}-${number}`, removeOnComplete: true });
const waiting = new Set();
let next = 1;
let finish;
const finished = new Promise((resolve) => {
  finish = resolve;
});

const addOne = () => {
  const number = next;
  next += 1;
  waiting.add(`${prefix}-${number}`);
  return queue.add('task', { number }, opts(number));
};

events.on('completed', ({ jobId }) => {
  if (!waiting.delete(jobId)) return;
  if (way === 'window' && next <= count) addOne();
  else if (next > count && waiting.size === 0) finish();
});

if (way === 'window') {
  for (let number = 1; number <= Math.min(size, count); number += 1) addOne();
} else {
  while (next <= count) {
    const until = Math.min(count, next + size - 1);
    const jobs = [];
    for (; next <= until; next += 1) {
      waiting.add(`${prefix}-${next}`);
      jobs.push({ name: 'task', data: { number: next }, opts: opts(next) });
    }
    await queue.addBulk(jobs);
  }
}
await finished;
await events.close();
await queue.close();
process.exit();
