import { accessSync, constants, mkdtempSync, readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ProcctlError } from '../errors.ts';

/** Where large temporary files belong: TMPDIR, else /var/tmp (which is never in memory), else /tmp. */
const base = (env: NodeJS.ProcessEnv): string => {
  if (env.TMPDIR !== undefined && env.TMPDIR !== '') return env.TMPDIR;
  try {
    accessSync('/var/tmp', constants.W_OK);
    return '/var/tmp';
  } catch {
    return '/tmp';
  }
};

/** A system error without the call that failed: `no such file or directory`. */
const reasonOf = (error: unknown): string => (error as Error).message.replace(/^\w+: |, .*$/g, '');

/** @throws ProcctlError ERR_RUNTIME when there is no place for one */
export const makeRunDirectory = (env: NodeJS.ProcessEnv): string => {
  const parent = base(env);
  try {
    // 0700, by mkdtemp(3).
    return mkdtempSync(join(parent, 'procctl-'));
  } catch (error) {
    throw new ProcctlError('ERR_RUNTIME', `cannot make a directory in ${parent}: ${reasonOf(error)}`, {
      hint: 'set TMPDIR to a directory with room for what tasks write',
      cause: error,
    });
  }
};

export const removeRunDirectory = (directory: string): void => {
  try {
    // As a rule it holds a few pipes; the loading of what removes whole trees would take longer than all this.
    for (const name of readdirSync(directory)) unlinkSync(join(directory, name));
    rmdirSync(directory);
  } catch {
    rmSync(directory, { recursive: true, force: true });
  }
};
