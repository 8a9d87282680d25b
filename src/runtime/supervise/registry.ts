import type { Supervised } from './supervised.ts';

/** The supervised processes of a home. */
export class Registry {
  readonly #processes = new Map<number, Supervised>();

  get all(): Supervised[] {
    return [...this.#processes.values()];
  }

  has({ spec }: Supervised): boolean {
    return this.#processes.has(spec.id);
  }

  add(process: Supervised): void {
    this.#processes.set(process.spec.id, process);
  }

  /** Takes a process off the disk too; it must be at rest. @throws the system's error, nothing being changed then */
  remove(process: Supervised): void {
    process.remove();
    this.#processes.delete(process.spec.id);
  }
}
