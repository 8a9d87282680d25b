import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../home.ts';
import { highestNumber } from './process-directory.ts';

/** Gives ids. None is used again: a log or a script that speaks of one must not mean another process some day. */
export class LastId {
  readonly #file: string;
  #last: number;

  constructor({ path, processes }: Home) {
    this.#file = join(path, 'last-id');
    this.#last = Math.max(readNumber(this.#file), highestNumber(processes));
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }

  save(): void {
    try {
      writeFileSync(this.#file, `${this.#last}\n`, { mode: 0o600 });
    } catch {
      // The ids there are say it too, unless the last one is removed.
    }
  }
}

const readNumber = (file: string): number => {
  try {
    const id = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(id) && id > 0 ? id : 0;
  } catch {
    return 0;
  }
};
