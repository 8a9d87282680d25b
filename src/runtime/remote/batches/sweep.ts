import type { BatchStore } from './batch-store.ts';

/** Positions that are gone through in one step. */
const AT_ONCE = 500;

/** Settles all that a halted batch does not begin any more. */
export class Sweep {
  readonly #store: BatchStore;
  readonly #batch: string;
  readonly #lostRecord: string;
  /** Where the steps begin in which something was at work; undefined: not known yet. */
  #left: readonly number[] | undefined;

  /** @param lostRecord what stands for attempts whose workers are lost */
  constructor(store: BatchStore, batch: string, lostRecord: string) {
    this.#store = store;
    this.#batch = batch;
    this.#lostRecord = lostRecord;
  }

  /**
   * Goes through all of it; the next time only where something was at work, for nothing that has settled changes any more.
   *
   * @param isOver asked before each step: nobody waits for the rest
   * @returns how many are at work, as far as it went
   */
  async run(isOver = (): boolean => false): Promise<number> {
    const total = (await this.#store.meta(this.#batch))?.total ?? 0;
    const left: number[] = [];
    let running = 0;
    for (const first of this.#left ?? firsts(total)) {
      if (isOver()) return running;
      const last = Math.min(total, first + AT_ONCE - 1);
      const found = Math.max(0, await this.#store.sweep(this.#batch, first, last, this.#lostRecord));
      if (found > 0) left.push(first);
      running += found;
    }
    this.#left = left;
    return running;
  }
}

function* firsts(total: number): Iterable<number> {
  for (let first = 1; first <= total; first += AT_ONCE) yield first;
}
