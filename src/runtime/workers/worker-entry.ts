import { fileURLToPath } from 'node:url';

/** Set by scripts/build.mjs: where a worker's code is, seen from the bundle that this is in. */
declare const PROCCTL_WORKER: string;

/** The file that a worker runs. */
export const workerEntry = (): string => fileURLToPath(new URL(PROCCTL_WORKER, import.meta.url));

/** Options of Node that mean this program, and not those it starts. */
const OF_THIS_PROGRAM =
  /^(?:-[cipe]+|--(?:eval|print|check|interactive|input-type|test|test-[\w-]+|watch|watch-path|inspect|inspect-[\w-]+))(?:=|$)/;
const WITH_VALUE = new Set([
  '-e',
  '-p',
  '-pe',
  '--eval',
  '--print',
  '--input-type',
  '--watch-path',
  '--test-name-pattern',
]);

/** The options that this Node was started with, such as `--import tsx`, for a worker. */
export const workerExecArgv = (execArgv: readonly string[] = process.execArgv): string[] => {
  const kept: string[] = [];
  for (let at = 0; at < execArgv.length; at += 1) {
    const option = execArgv[at] as string;
    if (!OF_THIS_PROGRAM.test(option)) kept.push(option);
    else if (WITH_VALUE.has(option)) at += 1;
  }
  return kept;
};
