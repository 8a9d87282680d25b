import { spawnSync } from 'node:child_process';
import { ftruncateSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { NotesFile } from '../../src/runtime/workers/notes-file.ts';
import { scratch } from '../helpers/procctl.ts';

const LIBRARY = new URL('../../dist/lib/index.js', import.meta.url).href;
const PROCCTL = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));

it('reads no more than is asked for, however long a function has made it', () => {
  const notes = new NotesFile([scratch()]);
  try {
    notes.write({ bytes: Buffer.from('abcd'), at: 0 });
    ftruncateSync(notes.fd, 2 ** 42);
    expect(notes.read(2)).toEqual(Buffer.from('ab'));
  } finally {
    notes.close();
  }
});

/** A shell line that runs its arguments with a /dev/shm of so many pages, of which the last ones stay free. */
const withMemoryFor = (pages: number, free: number): string =>
  `mount -t tmpfs -o size=${pages * 4}k tmpfs /dev/shm && { head -c ${(pages - free) * 4096} /dev/zero > /dev/shm/full; "$@"; }`;
const inOwnPlace = (line: string, args: readonly string[], input = ''): string =>
  spawnSync('unshare', ['-rm', '/bin/sh', '-c', line, 'sh', process.execPath, ...args], {
    input,
    encoding: 'utf8',
    env: { ...process.env, PROCCTL_HOME: scratch() },
  }).stdout;
const mayMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/dev/shm']).status === 0;

it.runIf(mayMount)('is elsewhere where memory for files is full', () => {
  const task = { module: 'data:text/javascript,export default () => 7', args: [] };
  const stdout = inOwnPlace(withMemoryFor(1, 0), [PROCCTL, 'pool', '--json', '-'], JSON.stringify(task));
  expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', result: 7 });
});

it.runIf(mayMount)('of which only the first page has room does not lose a call of those that are made together', () => {
  const program = `import { Pool } from ${JSON.stringify(LIBRARY)};
    const pool = new Pool({ size: 1 });
    const repeated = (n) => String(n).repeat(1000);
    const call = (n) => pool.run(repeated, [n]);
    for (let n = 0; n < 20; n += 1) await call(n);
    const results = await Promise.all(Array.from({ length: 500 }, (_, n) => call(n)));
    console.log(results.every((text, n) => text === repeated(n)), pool.stats().workersLost);
    pool.terminate();`;
  const stdout = inOwnPlace(withMemoryFor(16, 1), ['--input-type=module', '--eval', program]);
  expect(stdout).toBe('true 0\n');
});
