import { readSync, writeSync, writevSync } from 'node:fs';
import type { Socket } from 'node:net';

/** More than this unsent, and whoever can wait should. */
const CONGESTED_BYTES = 256 * 1024;
/** What the kernel is given to send by itself when a socket is full. */
const PIECE_BYTES = 64 * 1024;
/** At the end of the process: without any progress for that long, what is left is given up, ms. */
const LAST_WORDS_MS = 5_000;

const NOTHING = Buffer.alloc(0);

const pause = new Int32Array(new SharedArrayBuffer(4));
export const sleepSync = (ms: number): void => {
  Atomics.wait(pause, 0, 0, ms);
};

/** Of Node's own handle of a socket. */
interface NativeHandle {
  readonly fd: number;
  /** Bytes that were given to libuv and are not written. */
  readonly writeQueueSize: number;
}

/**
 * A unix socket that writes at once. A loop of `await queue.put(item)` runs in microtasks alone and never lets libuv write,
 * so what is sent is written here and now; libuv gets one piece at a time of what does not fit.
 */
export class Stream {
  readonly #socket: Socket;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What libuv is writing. */
  #piece: Buffer | undefined;
  #onDrain: (() => void)[] = [];

  /**
   * @param onData never throws
   * @param onEnd called once, when nothing more will come
   */
  constructor(socket: Socket, onData: (chunk: Buffer) => void, onEnd: () => void) {
    this.#socket = socket;
    socket.on('data', onData);
    // Errors are ends; `close` follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#settleDrained();
      onEnd();
    });
    // A write to a dead peer destroys the socket along with what the peer had sent before it died: read that first.
    const destroy = socket._destroy.bind(socket);
    socket._destroy = (error, done) => {
      this.#readRest(onData);
      destroy(error, done);
    };
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#handle !== undefined;
  }

  get isCongested(): boolean {
    return this.#waitingBytes > CONGESTED_BYTES;
  }

  get unsentBytes(): number {
    return this.#waitingBytes + (this.#piece?.length ?? 0);
  }

  /** Resolves when everything was handed to the kernel, or the socket is gone. */
  drained(): Promise<void> {
    if (this.unsentBytes === 0 || !this.isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#onDrain.push(resolve));
  }

  /** Sends two parts of one frame. Both may be changed afterwards: what is not written at once is copied. */
  send(head: Buffer, body: Buffer = NOTHING): void {
    if (!this.isOpen) return;
    if (this.unsentBytes > 0) {
      this.#enqueue(Buffer.concat([head, body]));
      return;
    }
    const written = body.length === 0 ? this.#tryWrite(head) : this.#tryWriteBoth(head, body);
    if (written === head.length + body.length) return;
    this.#enqueue(Buffer.concat([head, body]).subarray(written));
    this.#pump();
  }

  /** Keeps the process alive, or no longer. */
  setRef(isRef: boolean): void {
    if (isRef) this.#socket.ref();
    else this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** At the end of the process, when the event loop does not turn any more. */
  flushSync(): void {
    const rest = this.#piece === undefined ? [] : [this.#restOfPiece(this.#piece)];
    const all = Buffer.concat([...rest, ...this.#waiting]);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#piece = undefined;
    let idleMs = 0;
    for (let at = 0; at < all.length && this.isOpen && idleMs < LAST_WORDS_MS; ) {
      const written = this.#tryWrite(all.subarray(at));
      at += written;
      idleMs = written > 0 ? 0 : idleMs + 1;
      if (written === 0) sleepSync(1);
    }
  }

  get #handle(): NativeHandle | undefined {
    const handle = (this.#socket as unknown as { readonly _handle?: NativeHandle | null })._handle;
    return handle && handle.fd >= 0 ? handle : undefined;
  }

  #restOfPiece(piece: Buffer): Buffer {
    // While it connects, Node keeps the piece to itself.
    const left = this.#socket.connecting ? piece.length : (this.#handle?.writeQueueSize ?? 0);
    return piece.subarray(piece.length - left);
  }

  /** @returns how many bytes the socket took; 0 when it is full, or broken: then its end is on its way */
  #tryWrite(bytes: Buffer): number {
    const fd = this.#handle?.fd;
    if (fd === undefined) return 0;
    const traceLimit = Error.stackTraceLimit;
    // A full socket is an exception here, and its trace would cost more than the write.
    Error.stackTraceLimit = 0;
    try {
      let at = 0;
      while (at < bytes.length) {
        const written = writeSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 20));
        at += written;
        if (at < bytes.length && written < 1 << 20) return at;
      }
      return at;
    } catch {
      return 0;
    } finally {
      Error.stackTraceLimit = traceLimit;
    }
  }

  /** @returns as `#tryWrite` */
  #tryWriteBoth(head: Buffer, body: Buffer): number {
    const fd = this.#handle?.fd;
    if (fd === undefined) return 0;
    const traceLimit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return writevSync(fd, [head, body]);
    } catch {
      return 0;
    } finally {
      Error.stackTraceLimit = traceLimit;
    }
  }

  #enqueue(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #pump(): void {
    if (this.#piece !== undefined || !this.isOpen) return;
    const next = this.#waiting[0];
    if (next === undefined) {
      this.#settleDrained();
      return;
    }
    this.#piece = next.subarray(0, PIECE_BYTES);
    if (next.length > PIECE_BYTES) this.#waiting[0] = next.subarray(PIECE_BYTES);
    else this.#waiting.shift();
    this.#waitingBytes -= this.#piece.length;
    this.#socket.write(this.#piece, () => {
      this.#piece = undefined;
      this.#writeOn();
    });
  }

  /** There is room again: write on here as long as it lasts, which is quicker than by libuv. */
  #writeOn(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const written = this.#tryWrite(next);
      this.#waitingBytes -= written;
      if (written < next.length) {
        this.#waiting[0] = next.subarray(written);
        break;
      }
      this.#waiting.shift();
    }
    this.#pump();
  }

  #settleDrained(): void {
    const settled = this.#onDrain;
    this.#onDrain = [];
    for (const settle of settled) settle();
  }

  #readRest(onData: (chunk: Buffer) => void): void {
    const fd = this.#handle?.fd;
    if (fd === undefined) return;
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(PIECE_BYTES);
        const length = readSync(fd, chunk);
        if (length === 0) return;
        onData(chunk.subarray(0, length));
      }
    } catch {
      // Nothing (more) to read.
    }
  }
}
