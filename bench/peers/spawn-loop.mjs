// COUNT times /bin/true x by child_process.spawn, 4 at a time, both streams captured: what a script without a tool does.
import { spawn } from 'node:child_process';

const run = () =>
  new Promise((resolve, reject) => {
    const chunks = [];
    const child = spawn('/bin/true', ['x'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks) }));
  });

let left = Number(process.argv[2]);
const worker = async () => {
  while (left > 0) {
    left -= 1;
    await run();
  }
};
await Promise.all([worker(), worker(), worker(), worker()]);
