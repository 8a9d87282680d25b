import { fileURLToPath } from 'node:url';
import { drive, SIZE } from './driver.mjs';
import { load } from './load.mjs';

const { default: Pool } = await load('tinypool');
const filename = fileURLToPath(new URL('./functions.mjs', import.meta.url));
const pool = new Pool({ filename, minThreads: SIZE, maxThreads: SIZE });
await drive({
  run: (name, argument) => pool.run(argument, { name }),
  close: () => pool.destroy(),
});
