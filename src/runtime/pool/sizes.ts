/** What keeps the size of a pool below the one that is wanted, for good. */
export type SizeCap = 'descriptors' | 'lanes';
/** What does so for a while: a machine that has something else to do. */
export type SizeHold = 'load' | 'memory';

interface Bound {
  readonly size: number;
  /** For people. */
  readonly reason: string;
}

/** How many tasks may be at work at a time: as many as are wanted, but no more than anything allows, and at least 1. */
export class Sizes {
  wanted: number;
  readonly #caps = new Map<SizeCap, Bound>();
  readonly #holds = new Map<SizeHold, Bound>();

  constructor(wanted: number) {
    this.wanted = wanted;
  }

  /** As many as are wanted, or can be had at all. */
  get possible(): number {
    return Math.max(1, Math.min(this.wanted, ...[...this.#caps.values()].map(({ size }) => size)));
  }

  get effective(): number {
    return Math.max(1, Math.min(this.possible, ...[...this.#holds.values()].map(({ size }) => size)));
  }

  /** Why not as many can be had as are wanted. */
  get reason(): string {
    return [...this.#caps.values()].find(({ size }) => size <= this.possible)?.reason ?? '';
  }

  /** Why nothing new starts with `running` tasks at work; undefined when it is for no such reason. */
  heldBy(running: number): string | undefined {
    return [...this.#holds.values()].find(({ size }) => size <= running)?.reason;
  }

  cap(by: SizeCap, bound: Bound): void {
    this.#caps.set(by, bound);
  }

  /** @param bound undefined: it holds nothing back any more */
  hold(by: SizeHold, bound: Bound | undefined): void {
    if (bound === undefined) this.#holds.delete(by);
    else this.#holds.set(by, bound);
  }
}
