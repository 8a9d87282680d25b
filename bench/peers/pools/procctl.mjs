import { Pool } from '../../../dist/lib/index.js';
import { drive, SIZE } from './driver.mjs';

const module = new URL('./functions.mjs', import.meta.url);
const pool = new Pool({ size: SIZE });
await drive({
  run: (name, argument) => pool.run({ module, export: name }, [argument]),
  map: (name, items) => pool.map({ module, export: name }, items),
  close: () => pool.terminate(),
});
