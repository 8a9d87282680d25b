import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { ShimReader, type ShimWord } from '../../protocol/shim-script.ts';
import { signalName } from '../signals.ts';

/** One for all: what is read is used up before the next read. */
const shared = Buffer.allocUnsafe(64 * 1024);

/** Bytes read at most, when a process has ended, before other work is done. */
const MAX_DRAIN_BYTES = 16 * 1024 ** 2;

export interface ShimListener {
  onWord(word: ShimWord): void;
  /** `chunk` is only valid during the call. */
  onOutput(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  /** The shim is gone: nobody holds its end of the pipe. */
  onGone(): void;
}

/** What is written in small pieces is read so many ms apart. */
const GATHER_MS = 20;
const LARGE_BYTES = 16 * 1024;
const FAST_MS = 1_000;

/**
 * How eagerly a pipe is read. What the daemon has read and not yet written is lost if it is killed at that very moment, so
 * small output is left in the pipe for a moment and read together: fewer such moments, and less work. A process that
 * fills the pipe meanwhile is read without pause for a while.
 */
class ReadPace {
  #fastUntilMs = 0;

  /** @param length bytes of the read just made */
  goesOn(length: number): boolean {
    const nowMs = performance.now();
    if (length >= LARGE_BYTES) this.#fastUntilMs = nowMs + FAST_MS;
    return nowMs < this.#fastUntilMs;
  }
}

interface Pipe {
  readonly fd: number;
  readonly socket: Socket;
  readonly take: (chunk: Buffer) => void;
}

/** The daemon's ends of the pipes of one process. */
export class ShimLink {
  readonly #file: (name: string) => string;
  readonly #pipes: Pipe[] = [];
  #isClosed = false;

  /** @throws the system's error when a pipe cannot be opened */
  constructor(file: (name: string) => string, listener: ShimListener) {
    this.#file = file;
    const reader = new ShimReader(signalName);
    try {
      // Output first: it is drained in this order, and what the process wrote came before it ended.
      this.#open('out', (chunk) => listener.onOutput('stdout', chunk));
      this.#open('err', (chunk) => listener.onOutput('stderr', chunk));
      this.#open(
        'ev',
        (chunk) => {
          for (const word of reader.read(chunk.toString('latin1'))) {
            if (word.tag === 'ended') this.drainOutput();
            listener.onWord(word);
          }
        },
        () => listener.onGone(),
      );
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Says something to the shim; false when there is none that listens. */
  say(line: string): boolean {
    let fd: number;
    try {
      fd = openSync(this.#file('ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      return false;
    }
    try {
      writeSync(fd, `${line}\n`);
      return true;
    } catch {
      return false;
    } finally {
      closeSync(fd);
    }
  }

  /** Takes what the process has written so far. */
  drainOutput(): void {
    for (const pipe of this.#pipes.slice(0, 2)) drain(pipe);
  }

  /** Takes the words of the shim that are there already. */
  drainWords(): void {
    const words = this.#pipes[2];
    if (words !== undefined) drain(words);
  }

  close(): void {
    this.#isClosed = true;
    for (const { socket } of this.#pipes.splice(0)) socket.destroy();
  }

  #open(name: 'out' | 'err' | 'ev', take: (chunk: Buffer) => void, onEnd: () => void = () => {}): void {
    const pace = name === 'ev' ? { goesOn: () => true } : new ReadPace();
    const fd = openSync(this.#file(name), constants.O_RDONLY | constants.O_NONBLOCK);
    const guarded = (chunk: Buffer): void => {
      if (!this.#isClosed) take(chunk);
    };
    // Read straight into one buffer: a stream's own would cost 64 KiB for each pipe, and a copy.
    const options = {
      fd,
      readable: true,
      writable: false,
      onread: {
        buffer: shared,
        callback: (length: number): boolean => {
          guarded(shared.subarray(0, length));
          if (pace.goesOn(length)) return true;
          // Stops reading; what comes meanwhile waits in the pipe.
          setTimeout(() => {
            if (!socket.destroyed) socket.resume();
          }, GATHER_MS);
          return false;
        },
      },
    };
    const socket = new Socket(options);
    socket.on('error', () => {});
    socket.once('end', () => {
      if (!this.#isClosed) onEnd();
    });
    socket.resume();
    this.#pipes.push({ fd, socket, take: guarded });
  }
}

const chunkForDrain = Buffer.allocUnsafe(64 * 1024);

const drain = ({ fd, take }: Pipe): void => {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // the EAGAIN that ends it would cost more than the reads
  try {
    for (let total = 0; total < MAX_DRAIN_BYTES; ) {
      const length = readSync(fd, chunkForDrain);
      if (length === 0) return;
      total += length;
      take(chunkForDrain.subarray(0, length));
    }
  } catch {
    // EAGAIN: nothing is left.
  } finally {
    Error.stackTraceLimit = before;
  }
};
