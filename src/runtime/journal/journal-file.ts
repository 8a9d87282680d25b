import { fdatasync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

const sync = promisify(fdatasync);

/** From the first record that is not on the disk to the call that puts it there: a call for each would keep the disk busy. */
const GATHER_MS = 50;

/**
 * The end of a journal, to which records are appended. A record is with the kernel when `append` returns, so a kill of
 * procctl cannot take it back; and on the disk soon after, by `fdatasync` in the background, so that not even a power
 * failure can: one is under way at a time, and each covers all that was written since the last.
 */
export class JournalFile {
  readonly #fd: number;
  readonly #onBroken: (error: NodeJS.ErrnoException) => void;
  /** What a full disk has not taken; what comes later goes behind it, so a line is never torn in the middle. */
  #pending: Buffer = Buffer.alloc(0);
  #error: NodeJS.ErrnoException | undefined;
  #syncing: Promise<void> | undefined;
  /** Ends the wait for more records. */
  #syncNow = (): void => {};
  #isDirty = false;
  #isAwaited = false;

  /**
   * @param fd opened with O_APPEND
   * @param onBroken is told once, of the first error
   */
  constructor(fd: number, onBroken: (error: NodeJS.ErrnoException) => void) {
    this.#fd = fd;
    this.#onBroken = onBroken;
  }

  /** The first error; from then on the journal does not say all. */
  get error(): NodeJS.ErrnoException | undefined {
    return this.#error;
  }

  /** Nothing that was appended is left out. */
  get isWhole(): boolean {
    return this.#pending.length === 0;
  }

  /** Never throws; see `error`. */
  append(text: string): void {
    const bytes = Buffer.from(text);
    this.#pending = this.isWhole ? bytes : Buffer.concat([this.#pending, bytes]);
    try {
      // One write takes all, unless the disk is full: then the next one says so.
      while (!this.isWhole) this.#pending = this.#pending.subarray(writeSync(this.#fd, this.#pending));
    } catch (error) {
      this.#break(error);
    }
    this.#isDirty = true;
    this.#syncing ??= this.#syncAll();
  }

  /** Resolves when all that was appended is on the disk, or cannot be. */
  async flush(): Promise<void> {
    this.#isAwaited = true;
    this.#syncNow();
    while (this.#syncing !== undefined) await this.#syncing;
    this.#isAwaited = false;
  }

  #moreRecords(): Promise<void> {
    if (this.#isAwaited) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.#syncNow = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #syncAll(): Promise<void> {
    while (this.#isDirty) {
      await this.#moreRecords();
      this.#isDirty = false;
      try {
        await sync(this.#fd);
      } catch (error) {
        this.#break(error);
      }
    }
    this.#syncing = undefined;
  }

  #break(error: unknown): void {
    if (this.#error !== undefined) return;
    this.#error = error as NodeJS.ErrnoException;
    this.#onBroken(this.#error);
  }
}
