import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the history of events. */
export interface HistoryEvent {
  /** ISO 8601. */
  readonly time: string;
  readonly event: string;
  readonly id?: number;
  readonly name?: string;
  readonly [detail: string]: unknown;
}

type EventDetails = Omit<HistoryEvent, 'time' | 'event'>;

const MAX_FILE_BYTES = 1024 ** 2;
const FILES_KEPT = 5;

const numberOf = (name: string): number => Number(/^(\d{6,})\.ndjson$/.exec(name)?.[1] ?? Number.NaN);

/** The numbers of the files of a history, oldest first. */
export const eventFiles = (directory: string): number[] => {
  try {
    return readdirSync(directory)
      .map(numberOf)
      .filter(Number.isInteger)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
};

export const eventFile = (directory: string, number: number): string =>
  join(directory, `${String(number).padStart(6, '0')}.ndjson`);

/** The append-only, bounded history of what happened: NDJSON in numbered files, the oldest of which go. */
export class EventLog {
  readonly #directory: string;
  #number = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#number = eventFiles(directory).at(-1) ?? 1;
    try {
      this.#bytes = statSync(eventFile(directory, this.#number)).size;
      // A line that was cut off by a crash must not swallow the next one.
      if (this.#bytes > 0) this.#append('\n');
    } catch {
      this.#bytes = 0;
    }
  }

  add(event: string, details: EventDetails): void {
    this.addAll(event, [details]);
  }

  /** Adds what has happened to several at once, in one write. */
  addAll(event: string, all: readonly EventDetails[]): void {
    const time = new Date().toISOString();
    const lines = all.map((details, index) => {
      const lost = this.#dropped === 0 || index > 0 ? {} : { droppedBefore: this.#dropped };
      return `${JSON.stringify({ time, event, ...details, ...lost })}\n`;
    });
    if (this.#append(lines.join(''))) this.#dropped = 0;
    else this.#dropped += lines.length;
  }

  /** @returns false when the disk would not take it */
  #append(lines: string): boolean {
    if (this.#bytes + lines.length > MAX_FILE_BYTES) {
      this.#number += 1;
      this.#bytes = 0;
      for (const number of eventFiles(this.#directory)) {
        if (number <= this.#number - FILES_KEPT) rmSync(eventFile(this.#directory, number), { force: true });
      }
    }
    try {
      appendFileSync(eventFile(this.#directory, this.#number), lines, { mode: 0o600 });
      this.#bytes += Buffer.byteLength(lines);
      return true;
    } catch {
      return false;
    }
  }
}
