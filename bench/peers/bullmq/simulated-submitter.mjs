// A pool that keeps so many tasks in the queue, and removes what has ended: simulated-submitter.mjs PORT COUNT WINDOW.
// To be forked: says `ready`, begins when it is told something, and says `{ settled }` twice a second and at its end.
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { BATCH, batchKey, EVENTS_KEY, endKey, gathered, jobOf, QUEUE } from './protocol.mjs';

const [port, count, window] = process.argv.slice(2).map(Number);
const connection = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
const queue = new Queue(QUEUE, { connection, skipVersionCheck: true });
await connection.set(batchKey, '1');
const [last] = await connection.xrevrange(EVENTS_KEY, '+', '-', 'COUNT', 1);
const events = new QueueEvents(QUEUE, { connection, lastEventId: last?.[0] ?? '0' });

let next = 1;
let settled = 0;
const tell = () => process.send({ settled });
const add = (many) => {
  const jobs = [];
  for (; jobs.length < many && next <= count; next += 1) jobs.push(jobOf(next));
  for (let at = 0; at < jobs.length; at += 100) void queue.addBulk(jobs.slice(at, at + 100));
};
const settle = gathered((ids) => {
  settled += ids.length;
  add(ids.length);
  void connection.zrem(`bull:${QUEUE}:completed`, ...ids);
  void connection.del(ids.flatMap((id) => [`bull:${QUEUE}:${id}`, `bull:${QUEUE}:${id}:logs`, endKey(id)]));
  if (settled === count) tell();
});
events.on('completed', ({ jobId }) => {
  if (jobId.startsWith(`${BATCH}-`)) settle(jobId);
});
process.once('message', () => add(window));
process.send('ready');
setInterval(tell, 500);
process.once('disconnect', () => process.exit());
