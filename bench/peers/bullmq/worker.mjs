// A worker of BullMQ whose jobs do nothing: worker.mjs PORT CONCURRENCY here|sandbox QUEUE. Says when it is ready, and ends by a signal.
// here: in its own process; sandbox: in processes of their own, as function tasks of procctl are.
import { Worker } from 'bullmq';

const [port, concurrency] = process.argv.slice(2, 4).map(Number);
const [where, queue] = process.argv.slice(4);
const processor = where === 'sandbox' ? new URL('nothing.mjs', import.meta.url) : async () => {};
const worker = new Worker(queue, processor, { connection: { host: '127.0.0.1', port }, concurrency });
await worker.waitUntilReady();
process.stdout.write('ready\n');
process.once('SIGTERM', () => worker.close().then(() => process.exit()));
