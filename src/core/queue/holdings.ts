import type { Batch } from './batch.ts';
import { type Lot, splitLot } from './item-store.ts';

interface Held {
  /** The delivery number of its first item. */
  readonly first: number;
  readonly lot: Lot;
}

const endOf = ({ first, lot }: Held): number => first + lot.batch.count;

/**
 * What one consumer has been sent and has not done with. Its items are numbered from 0 in the order of their delivery;
 * numbers of items that were given back are not used again.
 */
export class Holdings {
  /** The number of the item that is sent next. */
  next = 0;
  #held: Held[] = [];

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** @returns the number of its first item */
  add(lot: Lot): number {
    const first = this.next;
    this.#held.push({ first, lot });
    this.next += lot.batch.count;
    return first;
  }

  /** How many of the items from this number on are held. */
  countFrom(number: number): number {
    let count = 0;
    for (let index = this.#held.length - 1; index >= 0; index -= 1) {
      const held = this.#held[index] as Held;
      const end = endOf(held);
      if (end <= number) break;
      count += end - Math.max(held.first, number);
    }
    return count;
  }

  /** Takes out the items with numbers in `[from, until)`. */
  cut(from: number, until: number): Lot[] {
    if (this.isEmpty || from >= until || endOf(this.#held.at(-1) as Held) <= from) return [];
    const kept: Held[] = [];
    const out: Lot[] = [];
    for (const { first, lot } of this.#held) {
      const [before, rest] = splitLot(lot, from - first);
      const restAt = first + (before?.batch.count ?? 0);
      const [within, after] = rest === undefined ? [undefined, undefined] : splitLot(rest, until - restAt);
      if (before !== undefined) kept.push({ first, lot: before });
      if (within !== undefined) out.push(within);
      if (after !== undefined) kept.push({ first: restAt + (within?.batch.count ?? 0), lot: after });
    }
    this.#held = kept;
    return out;
  }

  /** Takes out the items below this number. */
  retire(number: number): Batch[] {
    const oldest = this.#held[0];
    if (oldest === undefined || oldest.first >= number) return [];
    return this.cut(0, number).map(({ batch }) => batch);
  }
}
