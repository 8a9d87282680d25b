import { closeSync, constants, openSync } from 'node:fs';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { ProgramCommand } from '../../core/pool/task.ts';
import { findTool } from '../find-tool.ts';

/** An attempt that is a spawn of its own, not run by the lane's shell. */
export interface SpawnRequest {
  readonly command: ProgramCommand;
  /** Added to the niceness of procctl. */
  readonly nice: number;
  /** Absolute. */
  readonly directory: string;
  /** All of it. */
  readonly env: NodeJS.ProcessEnv;
  /** A file to read, and named pipes to write whose readers are open already. */
  readonly paths: { readonly stdin: string; readonly stdout: string; readonly stderr: string };
  /** Asked right before it would start. */
  readonly isWanted: () => boolean;
  /** @param pid undefined when it could not be started */
  readonly onStarted: (pid: number | undefined) => void;
}

const open = ({ stdin, stdout, stderr }: SpawnRequest['paths']): number[] => {
  const fds = [openSync(stdin, constants.O_RDONLY)];
  try {
    for (const path of [stdout, stderr]) fds.push(openSync(path, constants.O_WRONLY));
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
  return fds;
};

/** The child has its own copies of the descriptors by then. */
const startAndClose = <T>(fds: readonly number[], start: () => T): T => {
  try {
    return start();
  } finally {
    for (const fd of fds) closeSync(fd);
  }
};

/**
 * Runs one attempt by execa, in a session of its own, and resolves to how its own process ended. What it has written
 * stands in the pipes by then; processes it has started may live on. Never rejects.
 */
export const spawnAttempt = async (request: SpawnRequest): Promise<AttemptOutcome> => {
  const { command, directory: cwd, env } = request;
  const words = command.kind === 'argv' ? command.argv : ['/bin/sh', '-c', '--', command.line];
  // By setpriority(2) it would have begun, and forked perhaps, before it is told.
  const [file = '', ...args] =
    request.nice === 0 ? words : [findTool('nice'), '-n', String(request.nice), '--', ...words];
  try {
    const { execa } = await import('./execa.lazy.ts');
    if (!request.isWanted()) return { kind: 'error', code: 'ERR_NOT_STARTED', message: 'ended before it started' };
    const fds = open(request.paths);
    // execa's types know small numbers only; any descriptor does.
    const [stdin, stdout, stderr] = fds as [3, 4, 5];
    const options = { cwd, env, stdin, stdout, stderr, extendEnv: false, detached: true, cleanup: false } as const;
    const child = startAndClose(fds, () => execa(file, args, { ...options, reject: false, buffer: false }));
    request.onStarted(child.pid);
    const { exitCode, signal, cause } = await child;
    if (exitCode !== undefined) return { kind: 'exited', exitCode };
    if (signal !== undefined) return { kind: 'signaled', signal: signal as NodeJS.Signals };
    return spawnFailure(file, cause);
  } catch (error) {
    return spawnFailure(file, error);
  }
};

/** Why a spawn failed, after the look-up of program and directory has already succeeded. */
const spawnFailure = (program: string, error: unknown): AttemptOutcome => {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'ERR_SPAWN';
  if (code === 'E2BIG') {
    const message = 'argument list too long for the system (see getconf ARG_MAX; one argument may have 128 KiB)';
    return { kind: 'error', code: 'ERR_ARGUMENT_TOO_LONG', message };
  }
  if (code === 'ENOENT') {
    const message = `${program}: the interpreter named in its first line was not found`;
    return { kind: 'error', code: 'ERR_NOT_EXECUTABLE', message };
  }
  if (code === 'EACCES') return { kind: 'error', code: 'ERR_NOT_EXECUTABLE', message: `${program}: permission denied` };
  return { kind: 'error', code, message: `${program}: cannot be started (${code})` };
};
