import { readSizeFile } from './size-file.ts';

const LOOK_MS = 1_000;

export interface SizeWatchEvents {
  onSize(size: number): void;
  /** The file has no size in it; told once for as long as that is so. */
  onBad(error: Error): void;
}

/** Reads a size file again and again: where files are replaced, or on another machine, nothing tells of a change. */
export class SizeWatch {
  readonly #file: string;
  readonly #cpus: number;
  readonly #events: SizeWatchEvents;
  readonly #timer: NodeJS.Timeout;
  #size: number;
  /** How many looks in a row have found no size. */
  #badLooks = 0;

  /** @param size what stood in the file last */
  constructor(file: string, size: number, cpus: number, events: SizeWatchEvents) {
    this.#file = file;
    this.#size = size;
    this.#cpus = cpus;
    this.#events = events;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    let size: number;
    try {
      size = readSizeFile(this.#file, this.#cpus);
    } catch (error) {
      this.#badLooks += 1;
      // A shell empties a file before it writes to it: one look may fall in between.
      if (this.#badLooks === 2) this.#events.onBad(error as Error);
      return;
    }
    this.#badLooks = 0;
    if (size === this.#size) return;
    this.#size = size;
    this.#events.onSize(size);
  }
}
