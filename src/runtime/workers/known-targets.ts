import { Pace } from '../../core/calls/pace.ts';
import type { TargetOnWire } from '../../protocol/worker-frames.ts';
import type { KnownTarget } from './call.ts';

/** The functions that the calls of one pool name. */
export class KnownTargets {
  readonly #targets = new Map<string, KnownTarget>();
  readonly #messageMs: number | undefined;

  /** @param messageMs how much work a message should be worth; undefined: see `Pace` */
  constructor(messageMs?: number) {
    this.#messageMs = messageMs;
  }

  /** @param key the same for the same function */
  get(key: string, target: TargetOnWire): KnownTarget {
    let known = this.#targets.get(key);
    if (known === undefined) {
      known = { number: this.#targets.size, target, pace: new Pace(this.#messageMs), lostLoading: 0 };
      this.#targets.set(key, known);
    }
    return known;
  }
}
