import { Backlog } from './backlog.ts';

/** What single items are taken from as there is room for them. */
export interface OrderSource<T> {
  readonly priority: number;
  /** How many are left; infinite where nobody knows. */
  readonly left: number;
  /** There is nothing to take before somebody else does something. */
  readonly isWaiting: boolean;
  /** @param most at least 1 @returns undefined when there is none now */
  take(most: number): T | undefined;
}

/**
 * What is still to be done: items that wait, and sources of items. The most urgent comes first. Sources that are equally
 * urgent take turns, and all of them together with the items that are.
 */
export class Orders<T extends { readonly priority: number }, S extends OrderSource<T>> {
  readonly #backlog = new Backlog<T>();
  readonly #sources = new Set<S>();
  #isSourcesTurn = false;

  /** Items that wait; not those of sources, which nobody has counted. */
  get waiting(): number {
    return this.#backlog.size;
  }

  get sources(): ReadonlySet<S> {
    return this.#sources;
  }

  /** Nothing waits, and nobody is there from whom something could come. */
  get isEmpty(): boolean {
    return this.#backlog.size === 0 && this.#sources.size === 0;
  }

  /** Whether something can be taken now. */
  get hasSome(): boolean {
    if (this.#backlog.size > 0) return true;
    for (const { isWaiting, left } of this.#sources) if (!isWaiting && left > 0) return true;
    return false;
  }

  push(item: T): void {
    this.#backlog.push(item);
  }

  /** Puts back what came before all that waits with the same priority. */
  putBack(items: readonly T[]): void {
    this.#backlog.putBack(items);
  }

  /** @returns whether it was there */
  remove(item: T): boolean {
    return this.#backlog.remove(item);
  }

  addSource(source: S): void {
    this.#sources.add(source);
  }

  removeSource(source: S): void {
    this.#sources.delete(source);
  }

  /** The next of those that wait, which stays. */
  peek(): T | undefined {
    return this.#backlog.peek();
  }

  shift(): T | undefined {
    return this.#backlog.shift();
  }

  /** The source whose turn it is; undefined when it is the turn of what waits, or there is none to take from. */
  source(): S | undefined {
    const above = this.#backlog.peek()?.priority ?? Number.NEGATIVE_INFINITY;
    let best: S | undefined;
    for (const source of this.#sources) {
      if (source.left === 0 || source.isWaiting || source.priority < above) continue;
      if (best === undefined || source.priority > best.priority) best = source;
    }
    if (best === undefined || best.priority > above || this.#backlog.size === 0) return best;
    this.#isSourcesTurn = !this.#isSourcesTurn;
    return this.#isSourcesTurn ? best : undefined;
  }

  /** Takes from a source, which goes behind the others then; one that is exhausted goes. */
  takeFrom(source: S, most: number): T | undefined {
    const item = source.take(most);
    if (this.#sources.delete(source) && source.left > 0) this.#sources.add(source);
    return item;
  }

  /** Empties all. */
  drain(): { readonly items: readonly T[]; readonly sources: readonly S[] } {
    const sources = [...this.#sources];
    this.#sources.clear();
    return { items: this.#backlog.drain(), sources };
  }
}
