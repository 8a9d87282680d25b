/** Keeps account of numbered items, to prove that each has arrived exactly once. */
export class Ledger {
  readonly #arrivals: Uint32Array;
  #strangers = 0;
  #arrived = 0;

  /** @param items how many there are, numbered from 1 */
  constructor(items: number) {
    this.#arrivals = new Uint32Array(items + 1);
  }

  /** Items that have arrived at least once. */
  get arrived(): number {
    return this.#arrived;
  }

  add(item: number): void {
    const before = this.#arrivals[item];
    if (before === undefined || item < 1) {
      this.#strangers += 1;
      return;
    }
    if (before === 0) this.#arrived += 1;
    this.#arrivals[item] = before + 1;
  }

  /** Items that have not arrived, in order. */
  get missing(): number[] {
    return this.#where((count) => count === 0);
  }

  /** Items that have arrived more than once, in order. */
  get doubled(): number[] {
    return this.#where((count) => count > 1);
  }

  /** Arrivals of what nobody has sent. */
  get strangers(): number {
    return this.#strangers;
  }

  get isExact(): boolean {
    return this.#strangers === 0 && this.#arrivals.every((count, item) => item === 0 || count === 1);
  }

  #where(isMeant: (count: number) => boolean): number[] {
    const items: number[] = [];
    for (let item = 1; item < this.#arrivals.length; item += 1) {
      if (isMeant(this.#arrivals[item] as number)) items.push(item);
    }
    return items;
  }
}
