import { writeSync, writevSync } from 'node:fs';

/** While the other side reads nothing, it is tried this often. */
const RETRY_MS = 1;
/** At most this many tries in a row without a pause; a reader that is at work makes room within microseconds. */
const EAGER_TRIES = 50;
/** More parts than this are refused by some systems. */
const MAX_PARTS = 512;

/**
 * Writes to a descriptor that does not block, at once: when `write` returns, the bytes are the kernel's, and a
 * `process.exit` or a SIGKILL right after it loses nothing, unless the other side is behind. What it has no room for
 * waits here, in order, and `flushSync` brings that home when the process ends (Node's own channel loses it:
 * 5 MB sent right before `process.exit` never arrive).
 */
export class SyncWriter {
  readonly #fd: number;
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  #pending: Uint8Array[] = [];
  #tries = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #isBroken = false;
  #waiting: (() => void)[] = [];

  constructor(fd: number, onError: (error: NodeJS.ErrnoException) => void = () => {}) {
    this.#fd = fd;
    this.#onError = onError;
  }

  /** Whether all is with the kernel. */
  get isFlushed(): boolean {
    return this.#pending.length === 0;
  }

  /** @param bytes not to be changed any more unless `isFlushed` says so */
  write(...bytes: readonly Uint8Array[]): void {
    if (this.#isBroken) return;
    for (const part of bytes) if (part.length > 0) this.#pending.push(part);
    if (this.#timer === undefined) this.#push();
  }

  /** Resolves when all is with the kernel, or nobody will ever take it. */
  flushed(): Promise<void> {
    return this.isFlushed ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Writes what is left, as long as there is anybody who may read it. For the end of a process: it blocks. */
  flushSync(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    while (!this.#tryAll()) Atomics.wait(pause, 0, 0, RETRY_MS);
  }

  #push(): void {
    this.#timer = undefined;
    if (this.#tryAll()) return;
    this.#tries += 1;
    const again = (): void => this.#push();
    this.#timer = this.#tries < EAGER_TRIES ? setImmediate(again) : setTimeout(again, RETRY_MS);
  }

  #drop(bytes: number): void {
    let left = bytes;
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      if (left < next.length) {
        if (left > 0) this.#pending[0] = next.subarray(left);
        return;
      }
      left -= next.length;
      this.#pending.shift();
    }
  }

  #tryAll(): boolean {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 0; // an EAGAIN costs as much as the write otherwise
    try {
      for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
        // What is sent together is written together: a reader that is woken by the first part would be woken again by the next.
        const written =
          this.#pending.length === 1
            ? writeSync(this.#fd, next)
            : writevSync(this.#fd, this.#pending.slice(0, MAX_PARTS));
        this.#tries = 0;
        this.#drop(written);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.#isBroken = true;
      this.#pending = [];
      this.#onError(error as NodeJS.ErrnoException);
    } finally {
      Error.stackTraceLimit = before;
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
    return true;
  }
}
