/** Items one after the other, as far as they are there. */
export interface ItemReader {
  /** There is nothing to read at the moment, and it will say so when there is. */
  readonly isEmpty: boolean;
  /** How many have been fetched, and not read yet. */
  readonly ahead: number;
  /**
   * @returns the next item; `later` when it is not there yet, `end` after the last one
   * @throws what the iterable throws
   */
  read(): { readonly item: unknown } | 'later' | 'end';
  /** There is room for more: fetches, where that is to be done in advance. */
  fetch(): void;
  /** No more is wanted: closes the iterable. */
  close(): void;
}

/** Of an iterable: an item is made when it is read. */
class SyncItems implements ItemReader {
  readonly isEmpty = false;
  readonly ahead = 0;
  readonly #items: Iterator<unknown>;

  constructor(items: Iterable<unknown>) {
    this.#items = items[Symbol.iterator]();
  }

  read(): { readonly item: unknown } | 'end' {
    const next = this.#items.next();
    return next.done ? 'end' : { item: next.value };
  }

  fetch(): void {}

  close(): void {
    this.#items.return?.();
  }
}

type Fetched = { readonly item: unknown } | { readonly error: unknown } | 'end';

/** Of an async iterable: items are fetched one after the other, as long as there is room. */
class AsyncItems implements ItemReader {
  readonly #items: AsyncIterator<unknown>;
  readonly #room: () => number;
  readonly #onFetched: () => void;
  #fetched: Fetched[] = [];
  #isFetching = false;
  /** The last item has been fetched, or no more is wanted. */
  #isOver = false;

  constructor(items: AsyncIterable<unknown>, room: () => number, onFetched: () => void) {
    this.#items = items[Symbol.asyncIterator]();
    this.#room = room;
    this.#onFetched = onFetched;
  }

  get isEmpty(): boolean {
    return this.#fetched.length === 0;
  }

  get ahead(): number {
    return this.#fetched.length;
  }

  read(): { readonly item: unknown } | 'later' | 'end' {
    const next = this.#fetched.shift();
    if (next === undefined) return 'later';
    if (next === 'end') return 'end';
    if ('error' in next) throw next.error;
    return next;
  }

  fetch(): void {
    if (this.#isFetching || this.#isOver || this.#room() <= 0) return;
    this.#isFetching = true;
    void this.#fetchOne().then((fetched) => {
      this.#isFetching = false;
      if (this.#isOver) return;
      this.#fetched.push(fetched);
      this.#isOver = fetched === 'end' || 'error' in fetched;
      this.#onFetched();
      this.fetch();
    });
  }

  close(): void {
    this.#isOver = true;
    this.#fetched = [];
    // Nobody is there any more to hear what goes wrong with that.
    void (async () => this.#items.return?.())().catch(() => {});
  }

  async #fetchOne(): Promise<Fetched> {
    try {
      const next = await this.#items.next();
      return next.done ? 'end' : { item: next.value };
    } catch (error) {
      return { error };
    }
  }
}

/**
 * @param room how many more may be fetched in advance
 * @param onFetched called when there is something to read that was not there before
 */
export const readerOf = (
  items: Iterable<unknown> | AsyncIterable<unknown>,
  room: () => number,
  onFetched: () => void,
): ItemReader =>
  Symbol.asyncIterator in items ? new AsyncItems(items, room, onFetched) : new SyncItems(items as Iterable<unknown>);
