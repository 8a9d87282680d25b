// COUNT times /bin/true x by execa, 4 at a time, both streams captured.
import { execa } from 'execa';

let left = Number(process.argv[2]);
const worker = async () => {
  while (left > 0) {
    left -= 1;
    await execa('/bin/true', ['x'], { stdin: 'ignore' });
  }
};
await Promise.all([worker(), worker(), worker(), worker()]);
