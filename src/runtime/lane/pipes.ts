import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

/**
 * The reading end of one named pipe of a lane.
 *
 * Why named pipes: the data needs no disk, back-pressure is the kernel's, `/dev/stdout` can be opened by the task,
 * and the end of file says whether anybody (a process left in the background) still holds the writing end.
 *
 * A short task is read with one `read` when it has ended, or looked after now and then; only one that lives longer, or
 * writes much, gets an event-driven reader.
 */
export class PipeReader {
  readonly #path: string;
  readonly #fd: number;
  #take: (chunk: Buffer) => void;
  #socket: Socket | undefined;
  #socketFd = -1;
  #retry: NodeJS.Timeout | undefined;
  #isPaused = false;
  #isClosed = false;
  #hasOwnFd = true;

  /** @param take gets each chunk, in order; the chunk is its own to keep */
  constructor(path: string, take: (chunk: Buffer) => void) {
    this.#path = path;
    this.#take = take;
    // Non-blocking: opens at once without a writer, and a read never waits.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** Whether somebody has removed the pipe from its directory: what is written to its path goes elsewhere. */
  get isRemoved(): boolean {
    return fstatSync(this.#fd).nlink === 0;
  }

  /**
   * Delivers what is there, once.
   *
   * @returns how many bytes there were
   */
  look(): number {
    const size = readNow(this.#fd);
    if (size > 0) this.#take(Buffer.from(scratch.subarray(0, size)));
    return Math.max(0, size);
  }

  /** Begins to deliver chunks as they come, until `finish`. */
  follow(): void {
    if (this.#socket !== undefined || this.#retry !== undefined) return;
    this.#openSocket();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket?.resume();
  }

  /**
   * Delivers all that was written so far, and stops following.
   *
   * @param isEnough asked before each read: then what is left stays where it is
   * @returns whether the pipe is free: nobody holds its writing end any more
   */
  finish(isEnough?: () => boolean): boolean {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#isPaused = false;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.removeAllListeners('data');
      socket.removeAllListeners('close');
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        this.#take(chunk);
      }
      socket.destroy();
    }
    return this.#drain(isEnough) === 'free';
  }

  /**
   * Goes on reading for whoever still writes, so that the writer neither blocks nor breaks; the data is dropped.
   *
   * @returns drops at once what is there, which is all when nobody writes any more
   */
  abandon(onDropped: (bytes: number) => void): () => void {
    this.#take = (chunk) => onDropped(chunk.length);
    this.follow();
    // The socket has a descriptor of its own.
    if (this.#socket !== undefined && !this.#isClosed) closeSync(this.#fd);
    this.#hasOwnFd = this.#socket === undefined;
    const fd = this.#hasOwnFd ? this.#fd : this.#socketFd;
    return () => {
      const isOpen = this.#hasOwnFd ? !this.#isClosed : this.#socket?.destroyed === false;
      if (isOpen) this.#drain(undefined, fd);
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    if (this.#hasOwnFd) closeSync(this.#fd);
  }

  /** Reads what is there: 'free' when no writer is left, 'held' when one may write more. */
  #drain(isEnough?: () => boolean, fd = this.#fd): 'free' | 'held' {
    for (let total = 0; total < MAX_PIPE_BYTES; ) {
      if (isEnough?.() === true) return 'held';
      const size = readNow(fd);
      if (size === NOTHING_YET) return 'held';
      if (size === 0) return 'free';
      total += size;
      this.#take(Buffer.from(scratch.subarray(0, size)));
    }
    return 'held';
  }

  #openSocket(): void {
    let fd: number;
    try {
      fd = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      // Out of descriptors: read by the clock until there are some.
      this.#retryLater(RETRY_MIN_MS);
      return;
    }
    const socket = new Socket({ fd, readable: true, writable: false });
    this.#socket = socket;
    this.#socketFd = fd;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // The end of file comes when nobody writes just now: before the task has opened the pipe, or after it closed its
    // output. Another writer may follow.
    socket.on('close', () => {
      // Closed, or abandoned and now free: nobody will write any more.
      if (this.#isClosed || !this.#hasOwnFd) return;
      this.#socket = undefined;
      this.#retryLater(RETRY_MIN_MS);
    });
    socket.on('error', () => {});
    if (this.#isPaused) socket.pause();
  }

  #retryLater(delayMs: number): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#isPaused) this.#retryLater(delayMs);
      else if (this.#drain() === 'held') this.#openSocket();
      else this.#retryLater(Math.min(delayMs * 2, RETRY_MAX_MS));
    }, delayMs);
  }
}

/** The most a pipe can hold (pipe(7), pipe-max-size): more than that was written by somebody who still writes. */
const MAX_PIPE_BYTES = 1024 * 1024;

const RETRY_MIN_MS = 10;
const RETRY_MAX_MS = 500;

const NOTHING_YET = -1;

/** Reads into `scratch`: how many bytes, 0 when nobody holds the writing end, -1 when somebody does and wrote nothing. */
const readNow = (fd: number): number => {
  // Node says "nothing yet" by an exception. Its stack is what is expensive about it, and nobody looks at it.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return readSync(fd, scratch, 0, scratch.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return NOTHING_YET;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};

/** One buffer for all reads: each is copied out before the next, in the same turn. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);
