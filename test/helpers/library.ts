import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from './procctl.ts';

export const fixture = (name: string): URL => new URL(`../fixtures/library/${name}`, import.meta.url);

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of test/fixtures/library that runs. */
export const startFixture = (name: string, args: readonly string[] = [], variables: NodeJS.ProcessEnv = {}) => {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = { ...inherited, ...variables };
  const child = spawn(process.execPath, [fileURLToPath(fixture(name)), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
};

export const runFixture = (name: string): Promise<Ran> => startFixture(name).ended;

/** A directory that is there for as long as `use` runs. */
export const withDirectory = async <T>(use: (path: (name: string) => string) => Promise<T>): Promise<T> => {
  const directory = mkdtempSync(join(tmpdir(), 'procctl-test-'));
  try {
    return await use((name) => join(directory, name));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

/** The pid that somebody writes to a file. */
export const pidIn = (file: string): Promise<number> =>
  waitFor(() => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text === '' ? undefined : Number(text);
  }, `a pid in ${file}`);

/** Whether there is such a process, and it is no zombie. */
export const isRunning = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
};
