import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBytes, isPlainText } from '../../src/protocol/bytes.ts';
import { shellQuote } from '../../src/protocol/shell-text.ts';
import { scratch } from './procctl.ts';
import type { RandomTask } from './random-list.ts';

/** What is compared of a task that has ended. */
export interface Verdict {
  readonly id: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** SHA-256. */
  readonly stdout: string;
  readonly stderr: string;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Calls the function of a task, and nothing else. */
const CALL = 'import(process.argv[1]).then((module) => module.default(...JSON.parse(process.argv[2])))';

interface Spawn {
  readonly file: string;
  readonly args: readonly string[];
  /** What the program reads. */
  readonly input?: Buffer;
}

const spawnOf = (task: RandomTask): Spawn => {
  if ('module' in task) {
    return { file: process.execPath, args: ['-e', CALL, task.module, JSON.stringify(task.args)] };
  }
  const { command } = task;
  if (typeof command === 'string') return { file: '/bin/sh', args: ['-c', command] };
  if (command.every(isPlainText)) return { file: command[0] as string, args: command.slice(1) };
  // Node passes text only; a shell passes what it reads.
  return { file: '/bin/sh', args: [], input: encodeBytes(`exec ${command.map(shellQuote).join(' ')} </dev/null\n`) };
};

const runOne = async (task: RandomTask, cwd: string): Promise<Verdict & { readonly output: Buffer }> => {
  const { file, args, input } = spawnOf(task);
  // Into files: of what a Node from version 22 on has written into a pipe of Node right before it exits, the end may be lost.
  const directory = scratch();
  const paths = [join(directory, 'stdout'), join(directory, 'stderr')];
  const files = paths.map((path) => openSync(path, 'w'));
  const child = spawn(file, args, { cwd, stdio: [input === undefined ? 'ignore' : 'pipe', ...files] });
  for (const fd of files) closeSync(fd);
  child.stdin?.end(input);
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null];
  const [output, errors] = paths.map((path) => readFileSync(path)) as [Buffer, Buffer];
  rmSync(directory, { recursive: true });
  // A function that has returned has no exit code.
  const code = 'module' in task && exitCode === 0 ? null : exitCode;
  return { id: task.id, code, signal, stdout: sha256(output), stderr: sha256(errors), output };
};

/** Runs each task by a plain spawn of Node, some at a time: how each ended, and the standard output of all in their order. */
export const runByOracle = async (
  tasks: readonly RandomTask[],
  cwd: string,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly output: Buffer }> => {
  const results: (Verdict & { readonly output: Buffer })[] = [];
  const entries = tasks.entries();
  const work = async (): Promise<void> => {
    for (const [index, task] of entries) results[index] = await runOne(task, cwd);
  };
  await Promise.all([work(), work(), work()]);
  const verdicts = results.map(({ output: _, ...verdict }) => verdict);
  return { verdicts, output: Buffer.concat(results.map(({ output }) => output)) };
};
