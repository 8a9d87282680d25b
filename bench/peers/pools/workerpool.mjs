import { fileURLToPath } from 'node:url';
import { drive, SIZE } from './driver.mjs';
import { load } from './load.mjs';

const { default: workerpool } = await load('workerpool');
const worker = fileURLToPath(new URL('./workerpool-worker.mjs', import.meta.url));
const pool = workerpool.pool(worker, { workerType: 'process', minWorkers: SIZE, maxWorkers: SIZE });
await drive({
  run: (name, argument) => pool.exec(name, [argument]),
  close: () => pool.terminate(true),
});
