import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { encodeValue } from '../../protocol/values/codec.ts';
import { type Identity, type TaskWorkerStart, TO_WORKER } from '../../protocol/worker-frames.ts';
import { type HostedListener, HostedProcess } from '../workers/hosted-process.ts';
import { PipeReader } from './pipes.ts';

export interface PipedWorkerOptions {
  /** Paths for two named pipes that are not there yet. */
  readonly paths: { readonly stdout: string; readonly stderr: string };
  /** Absolute. */
  readonly directory: string;
  /** All of it. */
  readonly env: NodeJS.ProcessEnv;
  readonly identity: Identity;
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
}

const MAKE_PIPES = 'mkfifo -m 600 -- "$@"';

/** Node cannot make a named pipe. Whoever calls waits two milliseconds, once for each worker. */
const makePipes = (...paths: readonly string[]): void => {
  const { error, status, stderr } = spawnSync('/bin/sh', ['-c', MAKE_PIPES, 'sh', ...paths], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr.trim() || `mkfifo ended with ${status}`);
};

/** A worker for function tasks, in a session of its own, that writes to two named pipes. */
export class PipedWorker {
  readonly hosted: HostedProcess;
  readonly #stdout: PipeReader;
  readonly #stderr: PipeReader;

  /** @throws Error when there is no process or no pipe for it */
  constructor({ paths, directory, env, identity, onOutput }: PipedWorkerOptions, listener: HostedListener) {
    const readers: PipeReader[] = [];
    const writers: number[] = [];
    try {
      makePipes(paths.stdout, paths.stderr);
      for (const stream of ['stdout', 'stderr'] as const) {
        readers.push(new PipeReader(paths[stream], (chunk) => onOutput(stream, chunk)));
        writers.push(openSync(paths[stream], constants.O_WRONLY));
      }
      [this.#stdout, this.#stderr] = readers as [PipeReader, PipeReader];
      const [stdout, stderr] = writers as [number, number];
      this.hosted = new HostedProcess(
        { cwd: directory, env, stdio: ['ignore', stdout, stderr], isGuarded: false, isDetached: true },
        listener,
      );
    } catch (error) {
      for (const reader of readers) reader.close();
      throw error;
    } finally {
      // The worker has its own by then.
      for (const fd of writers) closeSync(fd);
    }
    const start: TaskWorkerStart = { kind: 'task-worker', identity, ownOutputs: ['stdout', 'stderr'] };
    this.hosted.send(TO_WORKER.start, encodeValue(start));
  }

  /** Whether somebody has cleared TMPDIR. */
  get isRemoved(): boolean {
    return this.#stdout.isRemoved || this.#stderr.isRemoved;
  }

  /** Passes on output as it comes. */
  follow(isPaused: boolean): void {
    for (const pipe of this.#pipes) {
      pipe.follow();
      if (isPaused) pipe.pause();
    }
  }

  setPaused(isPaused: boolean): void {
    for (const pipe of this.#pipes) isPaused ? pipe.pause() : pipe.resume();
  }

  /** Passes on all that was written so far, and stops following. */
  finish(): void {
    for (const pipe of this.#pipes) pipe.finish();
  }

  abandon(onDropped: (bytes: number) => void): void {
    for (const pipe of this.#pipes) pipe.abandon(onDropped);
  }

  closePipes(): void {
    for (const pipe of this.#pipes) pipe.close();
  }

  get #pipes(): readonly [PipeReader, PipeReader] {
    return [this.#stdout, this.#stderr];
  }
}
