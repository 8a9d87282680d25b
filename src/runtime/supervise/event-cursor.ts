import { closeSync, openSync, readSync } from 'node:fs';
import { eventFile, eventFiles, type HistoryEvent } from './event-log.ts';

const BLOCK_BYTES = 64 * 1024;

/** Goes through a history of events, from its beginning on, for as long as it is written. */
export class EventCursor {
  readonly #directory: string;
  #file = 0;
  #offset = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What has come since the last call. Lines that are no events (cut off by a crash) are left out. */
  read(): HistoryEvent[] {
    const events: HistoryEvent[] = [];
    for (const file of eventFiles(this.#directory)) {
      if (file < this.#file) continue;
      if (file > this.#file) {
        this.#file = file;
        this.#offset = 0;
      }
      events.push(...this.#readFile());
    }
    return events;
  }

  #readFile(): HistoryEvent[] {
    const text = this.#wholeLines();
    return text.split('\n').flatMap((line) => {
      if (line === '') return [];
      try {
        return [JSON.parse(line) as HistoryEvent];
      } catch {
        return [];
      }
    });
  }

  #wholeLines(): string {
    let fd: number;
    try {
      fd = openSync(eventFile(this.#directory, this.#file), 'r');
    } catch {
      return '';
    }
    try {
      const parts: Buffer[] = [];
      for (let at = this.#offset; ; ) {
        const block = Buffer.allocUnsafe(BLOCK_BYTES);
        const length = readSync(fd, block, 0, BLOCK_BYTES, at);
        if (length === 0) break;
        parts.push(block.subarray(0, length));
        at += length;
      }
      const bytes = Buffer.concat(parts);
      const end = bytes.lastIndexOf(10) + 1;
      this.#offset += end;
      return bytes.toString('utf8', 0, end);
    } finally {
      closeSync(fd);
    }
  }
}
