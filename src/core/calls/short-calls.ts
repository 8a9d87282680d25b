import { Pace } from './pace.ts';

/** Calls that are made one after the other may take so long together, ms: about what it takes to tell several workers. */
const TOGETHER_MS = 0.5;
/** Functions that are remembered. */
const MOST = 1_000;

/** Which calls are so short that it is sooner done to make them one after the other than to have several workers make them. */
export class ShortCalls<T> {
  readonly #keyOf: (call: T) => string;
  readonly #paces = new Map<string, Pace>();

  /** @param keyOf the same for calls of the same function */
  constructor(keyOf: (call: T) => string) {
    this.#keyOf = keyOf;
  }

  /** @param elapsedMs what a call took, without loading the function */
  learn(call: T, elapsedMs: number): void {
    const key = this.#keyOf(call);
    let pace = this.#paces.get(key);
    if (pace === undefined) {
      if (this.#paces.size >= MOST) this.#paces.clear();
      pace = new Pace(TOGETHER_MS);
      this.#paces.set(key, pace);
    }
    pace.learn(1, elapsedMs);
  }

  /** Each of the calls is in one of the batches. What is not known to be short is alone in its own. */
  batchesOf(calls: readonly T[]): readonly (readonly T[])[] {
    const batches: T[][] = [];
    const open = new Map<string, T[]>();
    for (const call of calls) {
      const key = this.#keyOf(call);
      const batch = open.get(key);
      if (batch === undefined || batch.length >= this.#most(key)) {
        const next = [call];
        batches.push(next);
        open.set(key, next);
      } else batch.push(call);
    }
    return batches;
  }

  #most(key: string): number {
    const msPerCall = this.#paces.get(key)?.msPerCall;
    return msPerCall === undefined ? 1 : Math.max(1, Math.floor(TOGETHER_MS / Math.max(msPerCall, 0.001)));
  }
}
