import { Socket } from 'node:net';
import { FrameReader, frame, frameHeader, JOINED_BYTES } from '../protocol/frames.ts';
import { TO_WORKER_TYPES } from '../protocol/worker-frames.ts';
import { SyncWriter } from '../runtime/workers/sync-writer.ts';

/** The descriptor of the channel to the process that has started this one. */
const CHANNEL_FD = 3;

/** What Node makes of a socket without a buffer of ours is a stream, which takes 64 KiB of fresh memory for each message. */
const BUFFER_BYTES = 64 * 1024;

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
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const onread = {
      buffer,
      callback: (size: number): boolean => {
        reader.push(Buffer.from(buffer.subarray(0, size)));
        return true;
      },
    };
    const options = { fd: CHANNEL_FD, readable: true, writable: true, onread };
    // @types/node knows `onread` of a connection only; Node takes it for any socket.
    this.#socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
    this.#writer = new SyncWriter(CHANNEL_FD);
    this.#socket.on('error', () => {});
    this.#socket.once('end', () => listener.onEnd());
    this.#socket.resume();
    process.on('exit', () => this.#writer.flushSync());
  }

  send(type: number, body: Uint8Array): void {
    if (body.length <= JOINED_BYTES) this.#writer.write(frame(type, body));
    else this.#writer.write(frameHeader(type, body.length), body);
  }

  /** @param frames whole ones */
  sendFrames(...frames: readonly Uint8Array[]): void {
    this.#writer.write(...frames);
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
