import { Socket } from 'node:net';
import { FrameReader, frameHeader } from '../protocol/frames.ts';
import { TO_WORKER_TYPES } from '../protocol/worker-frames.ts';
import { SyncWriter } from '../runtime/workers/sync-writer.ts';

/** The descriptor of the channel to the process that has started this one. */
const CHANNEL_FD = 3;

export interface ChannelListener {
  onFrame(type: number, body: Buffer): void;
  /** The other side is gone. */
  onEnd(): void;
}

/** The worker's end of the channel. What is sent is on its way when `send` returns, or at the latest when the process exits. */
export class WorkerChannel {
  readonly #socket: Socket;
  readonly #writer: SyncWriter;

  constructor(listener: ChannelListener) {
    const reader = new FrameReader(TO_WORKER_TYPES, (type, body) => listener.onFrame(type, body));
    this.#socket = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
    this.#writer = new SyncWriter(CHANNEL_FD);
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk: Buffer) => reader.push(chunk));
    this.#socket.once('end', () => listener.onEnd());
    process.on('exit', () => this.#writer.flushSync());
  }

  send(type: number, body: Uint8Array): void {
    this.#writer.write(frameHeader(type, body.length), body);
  }

  /** Whether all that was sent is on its way. */
  get isFlushed(): boolean {
    return this.#writer.isFlushed;
  }

  flushed(): Promise<void> {
    return this.#writer.flushed();
  }

  flushSync(): void {
    this.#writer.flushSync();
  }

  /** Whether this process lives on to hear what comes. */
  ref(isRef: boolean): void {
    if (isRef) this.#socket.ref();
    else this.#socket.unref();
  }
}
