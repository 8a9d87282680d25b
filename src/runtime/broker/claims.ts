import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { Claims } from '../../core/queue/events.ts';

// How far a consumer has come stands in a file, which outlives the consumer: a write of 16 bytes takes less than a
// microsecond and is done before an item is handed out. So the host knows exactly what a dead consumer had taken.

const SLOT_BYTES = 16;
const PAGE_BYTES = 4096;

export interface ClaimSlot {
  readonly slot: number;
  write(taken: number, acked: number): void;
}

/** The file as its consumer has it. */
export class ClaimsFile {
  readonly #fd: number;
  #slots = 0;

  /** @throws when there is no room for it */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  openSlot(): ClaimSlot {
    const slot = this.#slots++;
    const at = slot * SLOT_BYTES;
    // Room is taken in advance: a later write of a few bytes must not fail for want of it.
    if (at % PAGE_BYTES === 0) writeSync(this.#fd, Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, at);
    const numbers = new Float64Array(2);
    const bytes = new Uint8Array(numbers.buffer);
    return {
      slot,
      write: (taken, acked) => {
        numbers[0] = taken;
        numbers[1] = acked;
        writeSync(this.#fd, bytes, 0, SLOT_BYTES, at);
      },
    };
  }
}

/** The file as the host has it. */
export class ClaimsReader {
  readonly #fd: number;
  readonly #numbers = new Float64Array(2);
  readonly #bytes = new Uint8Array(this.#numbers.buffer);

  /** @throws when it is not there */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  read(slot: number): Claims {
    this.#numbers.fill(0);
    readSync(this.#fd, this.#bytes, 0, SLOT_BYTES, slot * SLOT_BYTES);
    return { taken: this.#numbers[0] as number, acked: this.#numbers[1] as number };
  }

  close(): void {
    closeSync(this.#fd);
  }
}
