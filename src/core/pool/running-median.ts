/** So many of the last values count: what came long ago says little, and memory stays that of so many numbers, twice. */
export const MEDIAN_WINDOW = 1000;

/** The median of the last values of a series, exactly; of an even number of them the mean of the two in the middle. */
export class RunningMedian {
  readonly #window: number;
  /** In the order they came; once it is full, the oldest is at `#oldest`. */
  readonly #series: number[] = [];
  #oldest = 0;
  readonly #sorted: number[] = [];

  constructor(window: number = MEDIAN_WINDOW) {
    this.#window = window;
  }

  /** How many values count. */
  get size(): number {
    return this.#sorted.length;
  }

  add(value: number): void {
    if (this.#series.length < this.#window) {
      this.#series.push(value);
    } else {
      this.#sorted.splice(this.#placeOf(this.#series[this.#oldest] as number), 1);
      this.#series[this.#oldest] = value;
      this.#oldest = (this.#oldest + 1) % this.#window;
    }
    this.#sorted.splice(this.#placeOf(value), 0, value);
  }

  /** Undefined as long as there is no value. */
  get median(): number | undefined {
    const { length } = this.#sorted;
    const upper = this.#sorted[length >> 1];
    const lower = this.#sorted[(length - 1) >> 1];
    return upper === undefined || lower === undefined ? undefined : lower + (upper - lower) / 2;
  }

  /** Where `value` stands in `#sorted`, or belongs: the first place whose value is not below it. */
  #placeOf(value: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
