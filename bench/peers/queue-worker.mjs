// Producers and consumers of the benchmarks of queues.
export const produce = async (queue, go, results, count, bytes, isBuffer) => {
  const item = isBuffer ? Buffer.alloc(bytes, 1) : 'x'.repeat(bytes);
  await results.put('ready');
  await go.get();
  for (let index = 0; index < count; index += 1) await queue.put(item);
};

/** Until the queue is closed and empty. */
export const consume = async (queue, results) => {
  await results.put('ready');
  let count = 0;
  for await (const item of queue) if (item.length > 0) count += 1;
  await results.put(count);
};
