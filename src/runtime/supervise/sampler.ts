import type { Looker, Snapshot } from './snapshot.ts';
import type { Supervised } from './supervised.ts';

/** After a start, and then once a minute. */
const PAUSES_MS = [250, 750, 3_000, 11_000, 45_000];

/**
 * Looks at the families of processes now and then, so that a member which later cleans its environment, leaves the session and
 * loses its parent is still known. Often after a start, rarely later, never when nothing is alive.
 */
export class Sampler {
  readonly #processes: () => Iterable<Supervised>;
  readonly #looker: Looker;
  #timer: NodeJS.Timeout | undefined;
  #step = 0;

  constructor(processes: () => Iterable<Supervised>, looker: Looker) {
    this.#processes = processes;
    this.#looker = looker;
  }

  /** Something was started. */
  wake(): void {
    this.#step = 0;
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const pauseMs = PAUSES_MS[Math.min(this.#step, PAUSES_MS.length - 1)] as number;
    this.#timer = setTimeout(() => this.#look(), pauseMs).unref();
  }

  #look(): void {
    let snapshot: Snapshot | undefined;
    const once = (): Snapshot => {
      snapshot ??= this.#looker.now();
      return snapshot;
    };
    let isAnyAlive = false;
    for (const process of this.#processes()) {
      if (process.main === null) continue;
      isAnyAlive = true;
      process.sample(once);
    }
    this.#step += 1;
    if (isAnyAlive) this.#schedule();
  }
}
