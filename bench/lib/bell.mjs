// A named pipe that started programs ring: how the bench knows, in the same way for every supervisor, that a program
// executes, when its first instruction was, and what its pid is. No clock of the child's is needed, and nothing polls.
import { spawnSync } from 'node:child_process';
import { chmodSync, constants, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

const PATIENCE_MS = 60_000;

/** A named pipe that is open for both, so that no writer waits for a reader and the end of file never comes. */
export const makePipe = (path) => {
  const { status } = spawnSync('mkfifo', [path]);
  if (status !== 0) throw new Error(`${path}: mkfifo failed`);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  return { path, descriptor, write: (text) => writeSync(descriptor, text) };
};

/** @returns `path` of the pipe; `next(count)`, a promise of that many rings; `close()` */
export const hangBell = (directory) => {
  const { path, descriptor } = makePipe(join(directory, 'bell'));
  const socket = new Socket({ fd: descriptor, writable: false });
  // Whoever waits for it has a timer; without one, nothing is to be kept alive.
  socket.unref();
  const rings = [];
  let text = '';
  let waiting;
  const settle = () => {
    if (waiting === undefined || rings.length < waiting.count) return;
    clearTimeout(waiting.timer);
    waiting.resolve(rings.splice(0, waiting.count));
    waiting = undefined;
  };
  socket.on('data', (bytes) => {
    const at = performance.now();
    const lines = (text + bytes).split('\n');
    text = lines.pop();
    rings.push(...lines.map((pid) => ({ pid: Number(pid), at })));
    settle();
  });
  return {
    path,
    /** `{ pid, at }` of each; `at` as by `performance.now()`. Rejects after a minute. */
    next: (count) =>
      new Promise((resolve, reject) => {
        const giveUp = () => reject(new Error(`${rings.length} of ${count} programs have started within a minute`));
        waiting = { count, resolve, timer: setTimeout(giveUp, PATIENCE_MS) };
        settle();
      }),
    close: () => {
      socket.destroy();
      rmSync(path, { force: true });
    },
  };
};

/** Writes a program for /bin/sh, and names it. */
export const writeProgram = (directory, name, text) => {
  const file = join(directory, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
};

/** A program that rings the bell by its first instruction, and then sleeps. */
export const sleeper = (directory, bell) =>
  writeProgram(directory, 'sleeper', `echo $$ >${bell.path}\nexec sleep 100000`);
