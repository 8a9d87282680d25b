import { closeSync, ftruncateSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Claims } from '../../core/queue/events.ts';

// How far a consumer has come stands in files, which outlive the consumer: a system call of less than a microsecond, done
// before an item is handed out. So the host knows exactly what a dead consumer had taken.
//
// Each queue has a slot of two numbers in a file. Who takes many items gets for that queue a second file, a counter, whose length
// says how many were taken: to set a length is the least that can be written. What was taken is the larger of the two.

const SLOT_BYTES = 16;
const PAGE_BYTES = 4096;
/** From so many notes on there is a counter. */
const COUNTED_FROM = 64;
/** It begins with a page that is there, beyond which a length is set quicker than in a file without any. */
const COUNTER_BYTES = PAGE_BYTES;

export interface ClaimSlot {
  readonly slot: number;
  /** @param taken may be less than before, as long as `acked` is the same */
  write(taken: number, acked: number): void;
}

const counterPath = (path: string, slot: number): string => `${path}.${slot}`;

/** The files as their consumer has them. */
export class ClaimsFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #setLength: (fd: number, length: number) => void;
  #slots = 0;

  /**
   * @param setLength to be replaced only in tests
   * @throws when there is no room for it
   */
  constructor(path: string, setLength = ftruncateSync) {
    this.#path = path;
    this.#fd = openSync(path, 'wx', 0o600);
    this.#setLength = setLength;
  }

  openSlot(): ClaimSlot {
    const slot = this.#slots++;
    const at = slot * SLOT_BYTES;
    // Room is taken in advance: a later write of a few bytes must not fail for want of it.
    if (at % PAGE_BYTES === 0) writeSync(this.#fd, Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, at);
    const numbers = new Float64Array(2);
    const bytes = new Uint8Array(numbers.buffer);
    let counter: number | undefined;
    let isStale = false;
    let writes = 0;
    return {
      slot,
      write: (taken, acked) => {
        if (counter !== undefined && acked === numbers[1]) {
          try {
            this.#setLength(counter, COUNTER_BYTES + taken);
            // The slot may say more: what it said last was further ahead, or the counter is new.
            if (taken >= (numbers[0] as number)) return;
          } catch {
            // A limit on the size of files, most likely.
            closeSync(counter);
            counter = undefined;
            isStale = true;
          }
        }
        numbers[0] = taken;
        numbers[1] = acked;
        writeSync(this.#fd, bytes, 0, SLOT_BYTES, at);
        writes += 1;
        if (isStale) {
          isStale = false;
          // What it says now it would say for ever.
          rmSync(counterPath(this.#path, slot), { force: true });
        }
        if (writes === COUNTED_FROM) counter = this.#openCounter(slot);
      },
    };
  }

  #openCounter(slot: number): number | undefined {
    let fd: number | undefined;
    try {
      fd = openSync(counterPath(this.#path, slot), 'wx', 0o600);
      writeSync(fd, Buffer.alloc(COUNTER_BYTES));
      return fd;
    } catch {
      if (fd !== undefined) closeSync(fd);
      return undefined;
    }
  }
}

/** The files as the host has them. */
export class ClaimsReader {
  readonly #path: string;
  readonly #fd: number;
  readonly #numbers = new Float64Array(2);
  readonly #bytes = new Uint8Array(this.#numbers.buffer);
  /** The paths of the counters that were seen. */
  readonly #counters = new Set<string>();

  /** @throws when it is not there */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r');
  }

  read(slot: number): Claims {
    this.#numbers.fill(0);
    readSync(this.#fd, this.#bytes, 0, SLOT_BYTES, slot * SLOT_BYTES);
    const [taken, acked] = this.#numbers as unknown as [number, number];
    return { taken: Math.max(taken, this.#counted(slot)), acked };
  }

  /** Closes and removes them. */
  remove(): void {
    closeSync(this.#fd);
    for (const path of [this.#path, ...this.#counters]) rmSync(path, { force: true });
  }

  #counted(slot: number): number {
    const path = counterPath(this.#path, slot);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return 0;
    this.#counters.add(path);
    return size - COUNTER_BYTES;
  }
}
