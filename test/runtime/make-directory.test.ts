import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDirectory } from '../../src/runtime/make-directory.ts';
import { runProcctl, scratch } from '../helpers/procctl.ts';

describe('a directory that is made', () => {
  it('comes with what is missing of its path, all in the same mode, and may be there', () => {
    const path = join(scratch(), 'a', 'b', 'c');
    for (let time = 0; time < 2; time += 1) makeDirectory(path, 0o700);
    for (const made of [path, join(path, '..')]) expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  it('is refused below a directory that takes none, at once', async () => {
    expect(() => makeDirectory('/proc/none/at/all')).toThrow(/ENOENT/);
    const args = ['pool', '--detach', '--', 'true', ':::', 'a'];
    const { code, stderr } = await runProcctl(args, { env: { PROCCTL_HOME: '/proc/none' } });
    expect([code, existsSync('/proc/none')]).toEqual([125, false]);
    expect(stderr).toMatch(/^procctl: home \/proc\/none: no such file or directory \(set PROCCTL_HOME/);
  });
});
