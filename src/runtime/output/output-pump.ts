import { write } from 'node:fs';

export type Target = 'stdout' | 'stderr';

const FD = { stdout: 1, stderr: 2 } as const satisfies Record<Target, number>;

/** Small pieces for the same target are joined up to this size, one system call for all. */
const JOIN_BYTES = 128 * 1024;
const AGAIN_MS = 5;

/**
 * What comes so soon after the last write waits until then, and is written with all that has come meanwhile: a write for each line of
 * thousands a second would take as long as the tasks. What comes alone is written at once, and so is what is not small.
 */
const BURST_MS = 5;
const SMALL_BYTES = 16 * 1024;

export interface PumpEvents {
  /** Called before the first bytes of a burst are written, and after the last. */
  onBusy?(target: Target): void;
  onIdle?(): void;
  /** The amount waiting has changed. */
  onPressure?(pendingBytes: number): void;
  /** A target cannot be written any more (EPIPE: its reader went away); what waits for it is dropped. */
  onBroken?(target: Target, error: NodeJS.ErrnoException): void;
}

type Piece = { readonly target: Target; readonly bytes: Buffer } | { readonly target: Target; readonly source: Source };

interface Source {
  readonly chunks: Iterator<Buffer>;
  readonly size: number;
  readonly onDone: () => void;
}

/**
 * The one way to standard output and standard error: in order, one write at a time, never blocking the event loop.
 *
 * Node's own `process.stdout` blocks the whole program on a full pipe: no timeout would fire and no Ctrl-C be heard
 * while a slow reader rests. A write from the thread pool waits without holding anything else up, and leaves the
 * descriptor's flags alone, which other programs share.
 */
export class OutputPump {
  readonly #events: PumpEvents;
  #queue: Piece[] = [];
  #head = 0;
  #pendingBytes = 0;
  #isWriting = false;
  #waiting: (() => void)[] = [];
  /** When the last write ended. */
  #wroteAt = Number.NEGATIVE_INFINITY;
  /** Set while a write waits for more. */
  #burst: NodeJS.Timeout | undefined;
  readonly #broken = new Set<Target>();
  #hasGivenUp = false;
  #writeBegunAt: number | undefined;
  /** Pieces that come within this time are written together: a live view that has to make room does not flicker. */
  gatherMs = 0;

  constructor(events: PumpEvents = {}) {
    this.#events = events;
  }

  /** Bytes accepted and not yet written. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  isBroken(target: Target): boolean {
    return this.#broken.has(target);
  }

  write(target: Target, bytes: Buffer): void {
    if (bytes.length === 0 || this.#broken.has(target)) return;
    this.#pendingBytes += bytes.length;
    this.#queue.push({ target, bytes });
    this.#start();
  }

  /**
   * Queues bytes that are fetched when their turn comes.
   *
   * @param size how many there are (for the pressure)
   * @param onDone called once they are written or dropped
   */
  writeFrom(target: Target, chunks: Iterable<Buffer>, size: number, onDone: () => void): void {
    this.#pendingBytes += size;
    this.#queue.push({ target, source: { chunks: chunks[Symbol.iterator](), size, onDone } });
    this.#start();
  }

  /** Resolves once everything accepted so far is written or dropped. */
  flush(): Promise<void> {
    if (!this.#isWriting || this.#hasGivenUp) return Promise.resolve();
    this.#endBurst();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Drops everything, a write that is stuck in a full pipe included: whoever waits for `flush` waits no more. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#broken.add('stdout').add('stderr');
    this.#wakeWaiting();
  }

  /** For how long the write under way has been waiting for its reader, ms; 0 when there is none. */
  get stuckForMs(): number {
    return this.#writeBegunAt === undefined ? 0 : performance.now() - this.#writeBegunAt;
  }

  /** Whether a write was given up and is still under way: as long as it is, `process.exit` would wait for it. */
  get isStuck(): boolean {
    return this.#hasGivenUp && this.#writeBegunAt !== undefined;
  }

  #start(): void {
    if (this.#hasGivenUp) return;
    if (this.#isWriting) {
      if (this.#pendingBytes > SMALL_BYTES) this.#endBurst();
      return;
    }
    this.#isWriting = true;
    // In a later turn: pieces that come in the same one are joined.
    if (this.gatherMs > 0) setTimeout(() => void this.#run(), this.gatherMs);
    else if (this.#pendingBytes > SMALL_BYTES || performance.now() - this.#wroteAt > BURST_MS)
      setImmediate(() => void this.#run());
    else this.#burst = setTimeout(this.#endBurst, BURST_MS);
  }

  readonly #endBurst = (): void => {
    if (this.#burst === undefined) return;
    clearTimeout(this.#burst);
    this.#burst = undefined;
    setImmediate(() => void this.#run());
  };

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  async #run(): Promise<void> {
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if ('bytes' in piece) {
        const { target } = piece;
        const joined = this.#join(piece.bytes, target);
        await this.#put(target, joined);
        this.#settle(joined.length);
      } else {
        await this.#putSource(piece.target, piece.source);
      }
    }
    this.#isWriting = false;
    this.#wroteAt = performance.now();
    this.#events.onIdle?.();
    this.#wakeWaiting();
  }

  #next(): Piece | undefined {
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
      return undefined;
    }
    const piece = this.#queue[this.#head];
    this.#head += 1;
    if (this.#head > 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return piece;
  }

  #join(first: Buffer, target: Target): Buffer {
    const pieces = [first];
    let size = first.length;
    for (;;) {
      const next = this.#queue[this.#head];
      if (next === undefined || !('bytes' in next) || next.target !== target || size + next.bytes.length > JOIN_BYTES) {
        break;
      }
      pieces.push(next.bytes);
      size += next.bytes.length;
      this.#head += 1;
    }
    return pieces.length === 1 ? first : Buffer.concat(pieces, size);
  }

  async #putSource(target: Target, { chunks, size, onDone }: Source): Promise<void> {
    let left = size;
    try {
      while (!this.#broken.has(target)) {
        const { done, value } = chunks.next();
        if (done) break;
        await this.#put(target, value);
        this.#settle(Math.min(value.length, left));
        left -= Math.min(value.length, left);
      }
    } catch (error) {
      this.#break(target, error as NodeJS.ErrnoException);
    }
    chunks.return?.();
    this.#settle(left);
    onDone();
  }

  #settle(bytes: number): void {
    this.#pendingBytes -= bytes;
    this.#events.onPressure?.(this.#pendingBytes);
  }

  #break(target: Target, error: NodeJS.ErrnoException): void {
    if (this.#broken.has(target)) return;
    this.#broken.add(target);
    this.#events.onBroken?.(target, error);
  }

  async #put(target: Target, bytes: Buffer): Promise<void> {
    this.#events.onBusy?.(target);
    for (let done = 0; done < bytes.length && !this.#broken.has(target); ) {
      this.#writeBegunAt = performance.now();
      try {
        done += await writeOnce(FD[target], bytes, done);
      } catch (error) {
        const failure = error as NodeJS.ErrnoException;
        // Somebody who shares the descriptor made it non-blocking.
        if (failure.code === 'EAGAIN') await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        else this.#break(target, failure);
      } finally {
        this.#writeBegunAt = undefined;
      }
    }
  }
}

const writeOnce = (fd: number, bytes: Buffer, from: number): Promise<number> =>
  new Promise((resolve, reject) => {
    write(fd, bytes, from, bytes.length - from, null, (error, written) => (error ? reject(error) : resolve(written)));
  });
