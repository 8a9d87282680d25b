/** Gathers inputs into packs, one for each command. */
export interface Packer<T> {
  /** @returns the packs that are full now */
  push(item: T): readonly (readonly T[])[];
  /** @returns the packs of what is left */
  end(): readonly (readonly T[])[];
}

/** Most inputs fill no pack. */
const NONE: readonly never[] = [];

/** Packs a fixed number of inputs into each command; the last one may have fewer. */
export class CountPacker<T> implements Packer<T> {
  #held: T[] = [];
  readonly #maxArgs: number;

  constructor(maxArgs: number) {
    this.#maxArgs = maxArgs;
  }

  push(item: T): readonly (readonly T[])[] {
    this.#held.push(item);
    return this.#held.length < this.#maxArgs ? [] : this.end();
  }

  end(): readonly T[][] {
    const packs = this.#held.length === 0 ? [] : [this.#held];
    this.#held = [];
    return packs;
  }
}

/**
 * Packs as many inputs into each command as fit. When the input has ended, what is left is shared out among the slots, so
 * that all of them have something to do; as `parallel -X` does.
 */
export class FittingPacker<T> implements Packer<T> {
  #held: T[] = [];
  readonly #sizes: number[];
  readonly #limits: readonly number[];
  readonly #slots: number;
  readonly #sizesOf: (item: T) => readonly number[];

  /**
   * @param limits of several measures, none of which a pack of more than one input goes beyond
   * @param slots among which the last inputs are shared out
   * @param sizesOf what an input adds to each measure
   */
  constructor(limits: readonly number[], slots: number, sizesOf: (item: T) => readonly number[]) {
    this.#limits = limits;
    this.#sizes = limits.map(() => 0);
    this.#slots = slots;
    this.#sizesOf = sizesOf;
  }

  push(item: T): readonly (readonly T[])[] {
    const sizes = this.#sizesOf(item);
    const isFull = this.#held.length > 0 && this.#isTooMuch(sizes);
    const packs = isFull ? [this.#held] : NONE;
    if (isFull) {
      this.#held = [];
      this.#sizes.fill(0);
    }
    this.#held.push(item);
    for (let index = 0; index < this.#sizes.length; index += 1)
      this.#sizes[index] = (this.#sizes[index] as number) + (sizes[index] as number);
    return packs;
  }

  #isTooMuch(sizes: readonly number[]): boolean {
    for (let index = 0; index < this.#limits.length; index += 1) {
      if ((this.#sizes[index] as number) + (sizes[index] as number) > (this.#limits[index] as number)) return true;
    }
    return false;
  }

  end(): readonly T[][] {
    const share = Math.ceil(this.#held.length / this.#slots);
    const packs: T[][] = [];
    for (let from = 0; from < this.#held.length; from += share) packs.push(this.#held.slice(from, from + share));
    this.#held = [];
    return packs;
  }
}
