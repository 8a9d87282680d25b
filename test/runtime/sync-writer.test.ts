import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SyncWriter } from '../../src/runtime/workers/sync-writer.ts';

const directory = mkdtempSync(join(tmpdir(), 'procctl-writer-'));
const path = join(directory, 'pipe');
let fd = -1;

beforeAll(() => {
  spawnSync('mkfifo', [path]);
  fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
});
afterAll(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true, force: true });
});

/** What is in the pipe, at most so many bytes. */
const read = (most: number): Buffer => {
  const bytes = Buffer.alloc(most);
  try {
    return bytes.subarray(0, readSync(fd, bytes));
  } catch {
    return bytes.subarray(0, 0);
  }
};

describe('a writer that does not block', () => {
  it('writes all parts in order, whatever the pipe has room for at a time', async () => {
    let next = 0;
    const part = (length: number): Buffer => Buffer.from(Array.from({ length }, () => next++ & 0xff));
    const step = fc.oneof(
      fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 200_000 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        next = 0;
        const writer = new SyncWriter(fd);
        const sent: Buffer[] = [];
        const got: Buffer[] = [];
        for (const what of steps) {
          if (typeof what === 'number') got.push(read(what));
          else {
            const parts = what.map(part);
            sent.push(...parts);
            writer.write(...parts);
          }
        }
        const all = Buffer.concat(sent);
        for (let length = Buffer.concat(got).length; length < all.length; ) {
          const piece = read(100_000);
          got.push(piece);
          length += piece.length;
          if (!writer.isFlushed) await nextTurn();
        }
        expect(writer.isFlushed).toBe(true);
        expect(Buffer.concat(got).equals(all)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
