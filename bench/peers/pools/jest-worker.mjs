import { fileURLToPath } from 'node:url';
import { drive, SIZE } from './driver.mjs';
import { load } from './load.mjs';

const jest = await load('jest-worker');
const { Worker } = jest.default ?? jest;
const worker = fileURLToPath(new URL('./functions.mjs', import.meta.url));
const pool = new Worker(worker, { numWorkers: SIZE, exposedMethods: ['square', 'spin'] });
await drive({
  run: (name, argument) => pool[name](argument),
  close: () => pool.end(),
});
