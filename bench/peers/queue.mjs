// Items through a Queue of procctl, every producer and consumer in a process of its own:
// queue.mjs PRODUCERS CONSUMERS ITEMS BYTES text|buffer [MAX_LOST]. Prints how long it took, ms.
import { Process, Queue } from 'procctl';

const [producers, consumers, items, bytes] = process.argv.slice(2, 6).map(Number);
const isBuffer = process.argv[6] === 'buffer';
const worker = (name, args) =>
  new Process({ target: { module: new URL('queue-worker.mjs', import.meta.url), export: name }, args });

const queue = new Queue({ maxLost: Number(process.argv[7] ?? 1) });
const go = new Queue();
const results = new Queue();
const readers = Array.from({ length: consumers }, () => worker('consume', [queue, results]));
for (const reader of readers) reader.start();
const writers = Array.from({ length: producers }, () =>
  worker('produce', [queue, go, results, items / producers, bytes, isBuffer]),
);
for (const writer of writers) writer.start();
for (const _ of [...readers, ...writers]) await results.get();
const startedAt = performance.now();
for (const _ of writers) await go.put(true);
for (const writer of writers) await writer.join();
await queue.close();
let count = 0;
for (const _ of readers) count += await results.get();
const elapsedMs = performance.now() - startedAt;
for (const reader of readers) await reader.join();
if (count !== items) throw new Error(`${count} of ${items} items arrived`);
process.stdout.write(`${elapsedMs}\n`);
