import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import type { StartTools } from '../../protocol/shim-script.ts';

const DIRECTORIES = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin'];

const find = (name: string): string => {
  const path = DIRECTORIES.map((directory) => `${directory}/${name}`).find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  // What is missing fails when it is needed, under its own name.
  return path ?? name;
};

/** Looks for the programs once; see `StartTools`. */
export const findStartTools = (): StartTools => {
  const env = find('env');
  const canResetSignals = spawnSync(env, ['--default-signal=INT,QUIT', 'true'], { stdio: 'ignore' }).status === 0;
  return {
    setsid: find('setsid'),
    env,
    canResetSignals,
    nice: find('nice'),
    prlimit: find('prlimit'),
    setpriv: find('setpriv'),
  };
};
