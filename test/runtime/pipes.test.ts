import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PipeReader } from '../../src/runtime/lane/pipes.ts';
import { scratch, waitFor } from '../helpers/procctl.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const makePipe = () => {
  const directory = scratch();
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const taken: Buffer[] = [];
  const reader = new PipeReader(path, (chunk) => taken.push(chunk));
  return { directory, path, taken, reader, writer: openSync(path, constants.O_WRONLY) };
};

// So few that several fit into a pipe: who writes here is who reads.
const words = Buffer.alloc(10_000, 'w');

it.each([
  ['was followed', true, false],
  ['was not followed', false, false],
  // As where there is no descriptor more.
  ['cannot be followed', false, true],
])('a pipe that %s is dropped at once, and each byte counted once', async (_, isFollowed, isRemoved) => {
  const { path, reader, writer, taken } = makePipe();
  if (isFollowed) reader.follow();
  writeSync(writer, 'output');
  await (isFollowed ? waitFor(() => taken.length > 0, 'the output') : turn());
  reader.finish();
  expect(Buffer.concat(taken).toString()).toBe('output');
  if (isFollowed) reader.follow();
  if (isRemoved) rmSync(path);
  let dropped = 0;
  const drop = reader.abandon((bytes) => {
    dropped += bytes;
  });
  writeSync(writer, words);
  drop();
  expect(dropped).toBe(words.length);
  // The rest is read by events, or at once: whoever comes first.
  for (let round = 1; round <= 20; round += 1) {
    writeSync(writer, words);
    if (round % 2 === 0) await turn();
    if (round % 3 === 0) drop();
  }
  writeSync(writer, words);
  closeSync(writer);
  drop();
  expect(dropped).toBe(22 * words.length);
  for (let turns = 0; turns < 10; turns += 1) await turn();
  drop();
  reader.close();
  drop();
  expect(dropped).toBe(22 * words.length);
});

it('a pipe that is free is not read any more, whoever has its descriptor now', async () => {
  const { directory, reader, writer } = makePipe();
  let dropped = 0;
  const drop = reader.abandon((bytes) => {
    dropped += bytes;
  });
  closeSync(writer);
  for (let turns = 0; turns < 10; turns += 1) await turn();
  const path = join(directory, 'file');
  writeFileSync(path, 'of somebody else');
  const others = Array.from({ length: 8 }, () => openSync(path, 'r'));
  drop();
  reader.close();
  drop();
  expect(dropped).toBe(0);
  for (const fd of others) {
    expect(readSync(fd, Buffer.alloc(100))).toBe('of somebody else'.length);
    closeSync(fd);
  }
});
