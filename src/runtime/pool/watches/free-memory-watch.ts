import { bytesText } from '../../../render/amounts.ts';
import { availableMemory } from './available-memory.ts';
import type { Watched } from './watched.ts';

const LOOK_MS = 250;

export interface FreeMemoryWatchOptions {
  /** To be left free, bytes. */
  readonly bytes: number;
  readonly read?: () => number | undefined;
  /** Told the first time that tasks have to wait. */
  readonly onHeld: (reason: string) => void;
}

/** Has a pool start nothing new while memory is short, and give some back when it gets scarce. */
export class FreeMemoryWatch {
  readonly #pool: Watched;
  readonly #bytes: number;
  readonly #read: () => number | undefined;
  readonly #onHeld: (reason: string) => void;
  readonly #timer: NodeJS.Timeout;
  #wasShort = false;
  #isTold = false;

  constructor(pool: Watched, { bytes, read = availableMemory, onHeld }: FreeMemoryWatchOptions) {
    this.#pool = pool;
    this.#bytes = bytes;
    this.#read = read;
    this.#onHeld = onHeld;
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
    this.look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const free = this.#read();
    if (free === undefined) return;
    const { running, ready } = this.#pool.counts;
    const reason = `${bytesText(free)} of memory free, wanted ${bytesText(this.#bytes)}`;
    if (free >= this.#bytes) {
      // Once it has been short, one more at each look: what a task takes is seen only when it has begun.
      this.#pool.hold('memory', this.#wasShort ? { size: running + 1, reason } : undefined);
      return;
    }
    this.#wasShort = true;
    this.#pool.hold('memory', { size: 0, reason });
    if (free < this.#bytes / 2) this.#pool.displaceYoungest();
    if (this.#isTold || ready === 0) return;
    this.#isTold = true;
    this.#onHeld(reason);
  }
}
