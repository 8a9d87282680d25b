import { ProcctlError } from '../errors.ts';
import type { AnyFunction, Target } from '../protocol/target.ts';
import type { Stdio } from '../runtime/workers/hosted-process.ts';
import type { CallArguments } from './call-types.ts';

export interface ProcessSettings {
  /** Default: `Process-1`, `Process-2`, …; in Process-2 `Process-2:1`, … */
  readonly name?: string | undefined;
  /** A daemon ends when its parent does, and is not waited for. Default: what the parent is; the main process is none. */
  readonly daemon?: boolean | undefined;
  /** Default: the current directory. */
  readonly cwd?: string | undefined;
  /** All variables of its environment. Default: those of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** For stdin, stdout and stderr, or for the last two alike. Default: nothing to read, and both outputs are this process's. */
  readonly stdio?: 'inherit' | 'ignore' | 'pipe' | readonly [stdin: Stdio, stdout: Stdio, stderr: Stdio] | undefined;
  /** Ends the process, as `terminate()` does. */
  readonly signal?: AbortSignal | undefined;
}

/** @typeParam F the function that runs, as `(...args) => result` */
export type ProcessOptions<F extends AnyFunction = AnyFunction> = ProcessSettings & {
  /** What runs: an export of a module, or a function that uses nothing of what stands around it. */
  readonly target: Target<F>;
} & CallArguments<F>;

const STDIO: readonly string[] = ['inherit', 'ignore', 'pipe'];
const isStdio = (value: unknown): value is Stdio => STDIO.includes(value as string);

/** @throws ProcctlError ERR_OPTION */
export const parseStdio = (stdio: ProcessSettings['stdio']): readonly [Stdio, Stdio, Stdio] => {
  if (stdio === undefined) return ['ignore', 'inherit', 'inherit'];
  if (isStdio(stdio)) return [stdio === 'pipe' ? 'pipe' : 'ignore', stdio, stdio];
  if (Array.isArray(stdio) && stdio.length === 3 && stdio.every(isStdio)) return stdio as [Stdio, Stdio, Stdio];
  throw new ProcctlError('ERR_OPTION', "stdio must be 'inherit', 'ignore' or 'pipe', or a list of three of them");
};
