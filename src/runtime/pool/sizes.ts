/** What keeps the size of a pool below the one that is wanted. */
export type SizeCap = 'descriptors' | 'lanes';

/** How many tasks may be at work at a time: as many as are wanted, but no more than each cap allows, and at least 1. */
export class Sizes {
  #wanted: number;
  readonly #caps = new Map<SizeCap, number>();

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  get wanted(): number {
    return this.#wanted;
  }

  set wanted(size: number) {
    this.#wanted = size;
  }

  get effective(): number {
    return Math.max(1, Math.min(this.#wanted, ...this.#caps.values()));
  }

  cap(by: SizeCap, size: number): void {
    this.#caps.set(by, size);
  }
}
