interface Level<T> {
  readonly priority: number;
  /** From `first` on. */
  items: (T | undefined)[];
  first: number;
}

/** What waits, by priority, and of equal priority in the order it came. */
export class Backlog<T extends { readonly priority: number }> {
  /** Highest first. */
  #levels: Level<T>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#level(item.priority).items.push(item);
    this.#size += 1;
  }

  /** Puts back what came before all that waits with the same priority. */
  putBack(items: readonly T[]): void {
    for (const item of items.toReversed()) {
      const level = this.#level(item.priority);
      if (level.first > 0) {
        level.first -= 1;
        level.items[level.first] = item;
      } else level.items.unshift(item);
      this.#size += 1;
    }
  }

  /** The next, which stays; undefined when nothing waits. */
  peek(): T | undefined {
    const level = this.#levels[0];
    return level?.items[level.first];
  }

  shift(): T | undefined {
    const level = this.#levels[0];
    if (level === undefined) return undefined;
    const item = level.items[level.first];
    level.items[level.first] = undefined;
    level.first += 1;
    this.#size -= 1;
    if (level.first === level.items.length) this.#levels.shift();
    else if (level.first > 1024 && level.first * 2 > level.items.length) {
      level.items = level.items.slice(level.first);
      level.first = 0;
    }
    return item;
  }

  /** Takes one out, wherever it is. @returns whether it was there */
  remove(item: T): boolean {
    for (const [index, level] of this.#levels.entries()) {
      const at = level.items.indexOf(item, level.first);
      if (at === -1) continue;
      // Those that came together are taken back together, from the front: to move the rest each time would take its time.
      if (at === level.first) {
        level.items[at] = undefined;
        level.first += 1;
      } else level.items.splice(at, 1);
      this.#size -= 1;
      if (level.first === level.items.length) this.#levels.splice(index, 1);
      return true;
    }
    return false;
  }

  /** Takes all, in order. */
  drain(): T[] {
    const all = this.#levels.flatMap(({ items, first }) => items.slice(first) as T[]);
    this.#levels = [];
    this.#size = 0;
    return all;
  }

  #level(priority: number): Level<T> {
    const at = this.#levels.findIndex((level) => level.priority <= priority);
    const found = this.#levels[at];
    if (found?.priority === priority) return found;
    const level: Level<T> = { priority, items: [], first: 0 };
    if (at === -1) this.#levels.push(level);
    else this.#levels.splice(at, 0, level);
    return level;
  }
}
