/** Up to here looking at each is quicker than hashing. */
const FEW = 8;

/** The objects of one value in the order they were met: what comes again is written as a reference to its number. */
export class Seen {
  readonly #few: (object | undefined)[] = new Array(FEW).fill(undefined);
  /** From 9 objects on: all of them. */
  #many: { readonly numbers: Map<object, number>; readonly objects: object[] } | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @returns its number if it was met before, -1 if it is new; it then has the next number */
  add(object: object): number {
    const many = this.#many;
    if (many !== undefined) {
      const known = many.numbers.get(object);
      if (known !== undefined) return known;
      many.numbers.set(object, this.#count++);
      many.objects.push(object);
      return -1;
    }
    const few = this.#few;
    for (let i = 0; i < this.#count; i++) if (few[i] === object) return i;
    if (this.#count === FEW) {
      this.#many = { numbers: new Map(few.map((each, i) => [each as object, i])), objects: few.slice() as object[] };
      return this.add(object);
    }
    few[this.#count++] = object;
    return -1;
  }

  /** Forgets the latest ones; with 0, all. */
  truncate(count: number): void {
    const few = this.#few;
    for (let i = count; i < FEW && i < this.#count; i++) few[i] = undefined;
    const many = this.#many;
    if (many !== undefined && count <= FEW) this.#many = undefined;
    else if (many !== undefined) {
      for (const object of many.objects.splice(count)) many.numbers.delete(object);
    }
    this.#count = count;
  }
}
