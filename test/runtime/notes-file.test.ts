import { spawnSync } from 'node:child_process';
import { ftruncateSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { NotesFile } from '../../src/runtime/workers/notes-file.ts';
import { scratch } from '../helpers/procctl.ts';

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

const FULL = `mount -t tmpfs -o size=4k tmpfs /dev/shm && { head -c 65536 /dev/zero > /dev/shm/full; "$@"; }`;
const mayMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/dev/shm']).status === 0;

it.runIf(mayMount)('is elsewhere where memory for files is full', () => {
  const task = { module: 'data:text/javascript,export default () => 7', args: [] };
  const { stdout } = spawnSync(
    'unshare',
    ['-rm', '/bin/sh', '-c', FULL, 'sh', process.execPath, PROCCTL, 'pool', '--json', '-'],
    { input: JSON.stringify(task), encoding: 'utf8', env: { ...process.env, PROCCTL_HOME: scratch() } },
  );
  expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', result: 7 });
});
