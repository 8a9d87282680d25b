const SLOTS = 64;

interface Shape {
  readonly keys: readonly string[];
  readonly number: number;
}

const slotOf = (keys: readonly string[]): number => {
  const first = keys[0] as string;
  const last = keys[keys.length - 1] as string;
  return (keys.length * 5 + first.length * 3 + first.charCodeAt(0) + last.length * 7 + last.charCodeAt(0)) % SLOTS;
};

const areSame = (a: readonly string[], b: readonly string[]): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/**
 * The lists of keys that the reader knows from earlier in the value. Of two lists that meet in one slot the later stays,
 * so the search costs the same however many there are.
 */
export class Shapes {
  readonly #slots: (Shape | undefined)[] = new Array(SLOTS).fill(undefined);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /**
   * @param keys at least one
   * @returns the number of these keys, or -1 if they are new; they then have the next number
   */
  add(keys: readonly string[]): number {
    const slot = slotOf(keys) || 0; // NaN for the key ''
    const known = this.#slots[slot];
    if (known !== undefined && areSame(known.keys, keys)) return known.number;
    this.#slots[slot] = { keys, number: this.#count++ };
    return -1;
  }

  /** Forgets the latest ones; with 0, all. */
  truncate(count: number): void {
    if (this.#count === count) return;
    const slots = this.#slots;
    for (let i = 0; i < SLOTS; i++) if ((slots[i]?.number ?? -1) >= count) slots[i] = undefined;
    this.#count = count;
  }
}
