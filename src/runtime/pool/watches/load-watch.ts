import { readFileSync } from 'node:fs';
import { sizeForLoad } from '../../../core/pool/load-room.ts';
import type { Watched } from './watched.ts';

const SAMPLE_MS = 50;
/** A decision is made on the mean of so many samples, all of them taken after the starts that the one before it allowed. */
const SAMPLES = 5;

/** Threads that run or want to run at this moment, this one not counted; undefined where the kernel does not tell. */
export const readRunnable = (): number | undefined => {
  try {
    const runnable = Number(/^\S+ \S+ \S+ (\d+)\//.exec(readFileSync('/proc/loadavg', 'latin1'))?.[1]);
    return Number.isNaN(runnable) ? undefined : Math.max(0, runnable - 1);
  } catch {
    return undefined;
  }
};

export interface LoadWatchOptions {
  readonly limit: number;
  readonly read?: () => number | undefined;
  /** Told the first time that tasks have to wait. */
  readonly onHeld: (reason: string) => void;
}

/** Has a pool start less while the machine is busy. */
export class LoadWatch {
  readonly #pool: Watched;
  readonly #limit: number;
  readonly #read: () => number | undefined;
  readonly #onHeld: (reason: string) => void;
  readonly #timer: NodeJS.Timeout;
  #samples: number[] = [];
  #isTold = false;

  constructor(pool: Watched, { limit, read = readRunnable, onHeld }: LoadWatchOptions) {
    this.#pool = pool;
    this.#limit = limit;
    this.#read = read;
    this.#onHeld = onHeld;
    this.#timer = setInterval(() => this.#sample(SAMPLES), SAMPLE_MS).unref();
    this.#sample(1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(enough: number): void {
    const sample = this.#read();
    if (sample === undefined) return;
    this.#samples.push(sample);
    if (this.#samples.length < enough) return;
    const runnable = this.#samples.reduce((sum, value) => sum + value, 0) / this.#samples.length;
    this.#samples = [];
    this.#decide(runnable);
  }

  #decide(runnable: number): void {
    const { running, ready } = this.#pool.counts;
    const reason = `load ${runnable.toFixed(1)}, limit ${this.#limit}`;
    const size = sizeForLoad({ runnable, running, limit: this.#limit });
    this.#pool.hold('load', { size, reason });
    if (this.#isTold || ready === 0 || size > running) return;
    this.#isTold = true;
    this.#onHeld(reason);
  }
}
