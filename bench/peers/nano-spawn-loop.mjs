// COUNT times /bin/true x by nano-spawn, 4 at a time, both streams captured: nano-spawn-loop.mjs COUNT FOLDER, where it is installed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// A package for `import` alone: require.resolve does not find it.
const folder = join(process.argv[3], 'node_modules', 'nano-spawn');
const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const entry = typeof exports === 'string' ? exports : exports.default;
const { default: spawn } = await import(pathToFileURL(join(folder, entry)).href);

let left = Number(process.argv[2]);
const worker = async () => {
  while (left > 0) {
    left -= 1;
    await spawn('/bin/true', ['x'], { stdin: 'ignore' });
  }
};
await Promise.all([worker(), worker(), worker(), worker()]);
