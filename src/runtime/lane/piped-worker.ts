import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { MARK_BYTES } from '../../protocol/mark-reader.ts';
import {
  MOST_NOTED_BYTES,
  NOTED_ANSWERS_AT,
  readTaskNotes,
  type TaskNotes,
  wantedBackNote,
} from '../../protocol/task-notes.ts';
import { encodeValue } from '../../protocol/values/codec.ts';
import { type Identity, type TaskWorkerStart, TO_WORKER } from '../../protocol/worker-frames.ts';
import { type HostedListener, HostedProcess } from '../workers/hosted-process.ts';
import { NotesFile } from '../workers/notes-file.ts';
import { MarkedPipe } from './marked-pipe.ts';

export interface PipedWorkerOptions {
  /** Paths for two named pipes that are not there yet. */
  readonly paths: { readonly stdout: string; readonly stderr: string };
  /** Absolute. */
  readonly directory: string;
  /** All of it. */
  readonly env: NodeJS.ProcessEnv;
  readonly identity: Identity;
  /** @param task number of the task that has written it, or of the one that comes next */
  readonly onOutput: (stream: 'stdout' | 'stderr', task: number, chunk: Buffer) => void;
}

const MOST_READS = 10;
const NOTES_BYTES = NOTED_ANSWERS_AT + MOST_NOTED_BYTES;

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
  readonly #stdout: MarkedPipe;
  readonly #stderr: MarkedPipe;
  readonly #notes: NotesFile;

  /** @throws Error when there is no process or no pipe for it */
  constructor({ paths, directory, env, identity, onOutput }: PipedWorkerOptions, listener: HostedListener) {
    const readers: MarkedPipe[] = [];
    const writers: number[] = [];
    const mark = randomBytes(MARK_BYTES);
    let notes: NotesFile | undefined;
    try {
      makePipes(paths.stdout, paths.stderr);
      for (const stream of ['stdout', 'stderr'] as const) {
        readers.push(new MarkedPipe(paths[stream], mark, (task, chunk) => onOutput(stream, task, chunk)));
        writers.push(openSync(paths[stream], constants.O_WRONLY));
      }
      notes = new NotesFile();
      this.#notes = notes;
      [this.#stdout, this.#stderr] = readers as [MarkedPipe, MarkedPipe];
      const [stdout, stderr] = writers as [number, number];
      const stdio = ['ignore', stdout, stderr] as const;
      this.hosted = new HostedProcess(
        { cwd: directory, env, stdio, shared: notes.fd, isGuarded: false, isDetached: true },
        listener,
      );
    } catch (error) {
      for (const reader of readers) reader.close();
      notes?.close();
      throw error;
    } finally {
      // The worker has its own by then.
      for (const fd of writers) closeSync(fd);
    }
    const start: TaskWorkerStart = { kind: 'task-worker', identity, ownOutputs: ['stdout', 'stderr'], mark };
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

  /** Passes on all that a task has written that has ended, and stops following. @param isMarked whether the mark that ends it was written */
  finishTask(task: number, isMarked: boolean): void {
    for (const pipe of this.#pipes) pipe.finishTask(task, isMarked);
  }

  /** Passes on all that was written so far, and stops following. @param next the task that comes next */
  finish(next: number): void {
    for (const pipe of this.#pipes) pipe.finish(next);
  }

  /** Whether what is written from now on belongs to this task. */
  isAt(task: number): boolean {
    return this.#pipes.every((pipe) => pipe.isAt(task));
  }

  /** Whether it lives or not. */
  get notes(): TaskNotes {
    // What is read while it is being written is read again.
    for (let tries = 1; ; tries += 1) {
      const bytes = this.#notes.read(NOTES_BYTES);
      const isSame = this.#notes.read(NOTED_ANSWERS_AT).equals(bytes.subarray(0, NOTED_ANSWERS_AT));
      if (isSame || tries === MOST_READS) return readTaskNotes(bytes);
    }
  }

  /** Tasks up to this one that have not begun are somebody else's from now on. */
  takeBack(task: number): void {
    this.#notes.write(wantedBackNote(task));
  }

  /** @returns drops at once what is there */
  abandon(onDropped: (bytes: number) => void): () => void {
    const drops = this.#pipes.map((pipe) => pipe.abandon(onDropped));
    return () => {
      for (const drop of drops) drop();
    };
  }

  /** When it has ended. */
  close(): void {
    for (const pipe of this.#pipes) pipe.close();
    this.#notes.close();
  }

  get #pipes(): readonly [MarkedPipe, MarkedPipe] {
    return [this.#stdout, this.#stderr];
  }
}
