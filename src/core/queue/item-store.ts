import { type Batch, splitBatch } from './batch.ts';

/** Items of one producer or of several, in the order in which they came. */
export interface Lot {
  /** The place of its first item among all items that ever came; the others follow without a gap. */
  readonly ticket: number;
  readonly batch: Batch;
}

/** @returns the first `count` items and the rest; undefined for none */
export const splitLot = (lot: Lot, count: number): readonly [Lot | undefined, Lot | undefined] => {
  if (count <= 0) return [undefined, lot];
  if (count >= lot.batch.count) return [lot, undefined];
  const [first, rest] = splitBatch(lot.batch, count);
  return [
    { ticket: lot.ticket, batch: first },
    { ticket: lot.ticket + count, batch: rest },
  ];
};

/** What is in a queue and nobody's: first what was given back, the oldest first, then what has never been out. */
export class ItemStore {
  #count = 0;
  #nextTicket = 0;
  #returned: Lot[] = [];
  #fresh: Lot[] = [];
  /** How many of `#fresh` are gone; cut off now and then, for shift() of a long array is slow. */
  #gone = 0;

  get count(): number {
    return this.#count;
  }

  append(batch: Batch): void {
    this.#fresh.push({ ticket: this.#nextTicket, batch });
    this.#nextTicket += batch.count;
    this.#count += batch.count;
  }

  giveBack(lots: readonly Lot[]): void {
    if (lots.length === 0) return;
    for (const lot of lots) this.#count += lot.batch.count;
    this.#returned = [...this.#returned, ...lots].sort((a, b) => a.ticket - b.ticket);
  }

  /** @returns at most `most` items, without a gap between them; undefined when there are none */
  take(most: number): Lot | undefined {
    const lot = this.#returned[0] ?? this.#fresh[this.#gone];
    if (lot === undefined || most < 1) return undefined;
    const [taken, rest] = splitLot(lot, most);
    if (this.#returned.length > 0) {
      this.#returned.splice(0, 1, ...(rest === undefined ? [] : [rest]));
    } else if (rest !== undefined) {
      this.#fresh[this.#gone] = rest;
    } else {
      this.#gone += 1;
      this.#forgetGone();
    }
    this.#count -= taken?.batch.count ?? 0;
    return taken;
  }

  #forgetGone(): void {
    if (this.#gone < this.#fresh.length && (this.#gone < 64 || this.#gone * 2 < this.#fresh.length)) return;
    this.#fresh = this.#fresh.slice(this.#gone);
    this.#gone = 0;
  }
}
