import { spawnSync } from 'node:child_process';
import type { StartTools } from '../../protocol/shim-script.ts';
import { findTool } from '../find-tool.ts';

/** Looks for the programs once; see `StartTools`. */
export const findStartTools = (): StartTools => {
  const env = findTool('env');
  const canResetSignals = spawnSync(env, ['--default-signal=INT,QUIT', 'true'], { stdio: 'ignore' }).status === 0;
  return {
    setsid: findTool('setsid'),
    env,
    canResetSignals,
    nice: findTool('nice'),
    prlimit: findTool('prlimit'),
    setpriv: findTool('setpriv'),
  };
};
